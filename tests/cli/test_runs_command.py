from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Command

RUNS = 9


def test_every_run_has_its_settings_however_many_there_are(
    tastegraph: Command, ratings_csv: Path, tmp_path: Path
) -> None:
    first = tmp_path / "runs" / "a run with a name of some length, number 1"
    small = ["--set", "training.epochs=1", "--set", "baselines=[]", "--set", "model.embedding_dim=2"]
    tastegraph("train", str(ratings_csv), "--out", str(first), *small)
    for number in range(2, RUNS + 1):
        copy = first.with_name(f"{first.name[:-1]}{number}")
        shutil.copytree(first, copy)
        recipe = copy / "recipe.toml"
        recipe.write_text(recipe.read_text(encoding="utf-8").replace("seed = 0", f"seed = {number}"), encoding="utf-8")
    shown = tastegraph("runs", str(tmp_path / "runs")).stdout.partition("Settings")[2]
    names = [path.name for path in sorted((tmp_path / "runs").iterdir())]
    assert len(names) == RUNS
    assert all(name in shown for name in names)
    lines = [line for line in shown.splitlines() if "training.seed" in line]
    assert len(lines) == shown.count("setting ")
    listed = json.loads(tastegraph("runs", str(tmp_path / "runs"), "--json").stdout)["settings"]["training.seed"]
    assert [number for line in lines for number in line.split()[1:]] == list(map(str, listed))
