from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tastegraph.graphgym import register

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def _graphgym() -> None:
    pytest.importorskip("yacs")
    pytest.importorskip("pytorch_lightning")


@pytest.mark.usefixtures("_graphgym", "movielens_100k")
def test_graphgyms_runner_trains_on_movielens_100k_and_reports_ranking_metrics(tmp_path: Path) -> None:
    recipe = ROOT / "recipes" / "graphgym" / "ml-100k.yaml"
    command = [sys.executable, "-W", "ignore", "-m", "tastegraph.graphgym", "--cfg", str(recipe)]
    done = subprocess.run(
        [*command, "out_dir", str(tmp_path), "optim.max_epoch", "5"],
        check=False,
        cwd=tmp_path,
        env=os.environ | {"OMP_WAIT_POLICY": "PASSIVE"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    last = {
        split: json.loads(next(tmp_path.rglob(f"{split}/stats.json")).read_text(encoding="utf-8").splitlines()[-1])
        for split in ("train", "val", "test")
    }
    for split in ("val", "test"):
        # Ten of 1,600 films at random: an NDCG of .008. Popularity has .124 on test.
        assert 0.08 < last[split]["ndcg_at_10"] < 0.5
        assert 0 < last[split]["precision_at_10"] < 1
    assert last["train"]["ndcg_at_10"] > 0.8  # of a like and a negative the like stands first nearly always


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from tastegraph.errors import ModelError

    monkeypatch.setattr("tastegraph.graphgym.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r'of the extra "graphgym": pip install "tastegraph\[graphgym\]"'):
        register()
