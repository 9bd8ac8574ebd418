from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tastegraph.data.load import load
from tastegraph.errors import ModelError
from tastegraph.studies import memory
from tastegraph.studies.memory import (
    LIBRARIES,
    DeviceNeed,
    check_reading,
    need_of_device,
    need_of_run,
)
from tastegraph.studies.recipe import load_recipe
from tastegraph.studies.trial import Trial

if TYPE_CHECKING:
    from tastegraph.data.dataset import Dataset

SETTINGS = [
    ["training.epochs=1", "baselines=[]"],
    ["training.epochs=1", "baselines=[]", "training.objective=softmax", "model.embedding_dim=1024"],
    ["training.epochs=1", "baselines=[]", "model.recency=1"],
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_need_is_near_the_peak_of_a_run(movielens_100k: Dataset, tmp_path: Path, settings: list[str]) -> None:
    recipe = load_recipe(None, settings)
    need = need_of_run(Trial.of(movielens_100k, recipe), recipe).total
    options = [word for setting in settings for word in ("--set", setting)]
    command = ["-m", "tastegraph", "train", "ml-100k", "--out", str(tmp_path / "run"), *options]
    # A process counts the memory of whoever forked it, too: one that is small stands between.
    between = (
        "import resource, subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]], check=True, "
        "stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    told = subprocess.run([sys.executable, "-c", between, *command], check=True, capture_output=True, text=True)
    assert 0.65 < need / (int(told.stdout) * 1024) < 1.35


def test_what_is_largest_is_named_and_what_would_lower_it(ratings_csv: Path) -> None:
    def refused(*settings: str) -> str:
        recipe = load_recipe(None, [*settings], str(ratings_csv))
        return need_of_run(Trial.of(load(str(ratings_csv)), recipe), recipe).refusal(1 << 30)

    assert "most is LightGCN's: lower model.embedding_dim or training.batch_size, or --force" in refused("baselines=[]")
    assert "fewer interactions would help" in refused("baselines=[]", "model.embedding_dim=1", "training.batch_size=1")
    wide = load_recipe(None, ['baselines=["ease"]', "model.embedding_dim=1", "training.batch_size=1"], str(ratings_csv))
    trial = Trial.of(load(str(ratings_csv)), wide)
    assert need_of_run(trial, wide).model == "ease"


def test_the_need_of_a_gpu(ratings_csv: Path) -> None:
    """At least its tables, and more for wider ones."""

    def needed(*settings: str) -> int:
        recipe = load_recipe(None, [*settings], str(ratings_csv))
        return need_of_device(Trial.of(load(str(ratings_csv)), recipe), recipe).total

    assert needed("model.embedding_dim=512") - needed("model.embedding_dim=256") > 5 * 4 * 256 * (60 + 40)
    assert needed("training.negatives=hardest", "training.candidates=100") > needed()
    assert needed("training.objective=softmax", "training.negatives=batch") > 2 << 30
    need = DeviceNeed(3 << 30)
    assert need.line(8 << 30) == "memory: about 3.0 GiB of 8.0 GiB free"
    assert "about 3.0 GiB of the GPU's memory, 1.0 GiB are free; lower model.embedding_dim" in need.refusal(1 << 30)


def test_a_file_that_does_not_fit_is_refused_before_it_is_read(
    ratings_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a terabyte of rows: nothing of it is read but its start."""
    with ratings_csv.open("r+b") as file:
        file.truncate(1 << 40)
    with pytest.raises(ModelError) as refused:
        check_reading(str(ratings_csv), ", or --force to try all the same")
    line = str(refused.value)
    assert line.startswith(f"{ratings_csv}: holds about ")
    assert line.endswith("are free; fewer rows or more memory would help, or --force to try all the same")
    monkeypatch.setattr(memory, "available_bytes", lambda: None)
    check_reading(str(ratings_csv))


def test_a_name_whose_rows_nobody_has_counted_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda: 0)
    check_reading("ml-1m")


def test_ranks_of_one_machine_read_each_for_itself(ratings_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two readers of next to no rows take the libraries twice: what one has room for is too little for two."""
    monkeypatch.setattr(memory, "available_bytes", lambda: 3 * LIBRARIES // 2)
    monkeypatch.setattr(memory, "own_bytes", lambda: 0)
    check_reading(str(ratings_csv))
    with pytest.raises(ModelError, match=r"takes about 1\.1 GiB"):
        check_reading(str(ratings_csv), readers=2)


def test_what_no_file_tells_is_not_refused(tmp_path: Path) -> None:
    for source in ("ml-100k", "-", str(tmp_path), str(tmp_path / "none")):
        check_reading(source)


def test_the_recorded_needs_are_todays(movielens_100k: Dataset) -> None:
    """Else `docs/reliability.md` tells of former estimates: `python -m benchmarks.whole_runs` records anew."""
    path = Path(__file__).parents[2] / "benchmarks" / "results" / "runs" / "run-ml-100k.json"
    recipe = load_recipe(None)
    need = need_of_run(Trial.of(movielens_100k, recipe), recipe)
    assert json.loads(path.read_text("utf-8"))["figures"]["needed"] == need.total


def test_the_docs_have_the_parts_of_the_estimates() -> None:
    docs = Path(__file__).parents[2] / "docs"
    reliability, scale = (" ".join((docs / name).read_text("utf-8").split()) for name in ("reliability.md", "scale.md"))
    assert memory.A_REFIT == memory.A_POSITIVE
    assert memory.COPIES_OF_SCORES == 4
    for told in (
        f"({memory.A_ROW} bytes a row, their number from Parquet's end",
        f"the libraries ({LIBRARIES >> 20} MiB), {memory.A_POSITIVE} bytes a positive",
        f"{memory.COPIES_OF_E0} tables of E0's size, with `model.recency` {memory.AN_AGE} bytes an edge",
    ):
        assert told in reliability
    edge = memory.AN_EDGE_KEPT + memory.AN_EDGE_DRAWN
    assert f"{memory.COPIES_OF_E0} tables of E0's size, {edge} bytes an edge" in scale
    assert f"{memory.AN_EDGE_KEPT} more where the model is trained again" in scale
    assert f"and {memory.A_BLOCK_THERE >> 30} GiB for a block of lists" in scale
