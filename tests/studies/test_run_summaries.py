from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tastegraph.data.load import load
from tastegraph.errors import RunError
from tastegraph.studies.journal import read_journal
from tastegraph.studies.recipe import load_recipe
from tastegraph.studies.run import run
from tastegraph.studies.run_summaries import differing_settings, find_runs, summary_of
from tastegraph.studies.watcher import Silent

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def two_runs(ratings_csv: Path, tmp_path: Path) -> Path:
    """runs/one and runs/two, which differ in one setting."""
    small = ["training.epochs=3", "training.batch_size=128", "model.embedding_dim=8", "baselines=[]"]
    for name, layers in (("one", 1), ("two", 2)):
        recipe = load_recipe(None, [*small, f"model.num_layers={layers}"], str(ratings_csv))
        run(recipe, load(str(ratings_csv)), tmp_path / "runs" / name, Silent())
    return tmp_path / "runs"


def test_runs_are_found_described_and_told_apart(two_runs: Path, ratings_csv: Path) -> None:
    (two_runs / "notes").mkdir()
    (two_runs / ".one.aside").mkdir()
    assert find_runs([two_runs]) == [two_runs / "one", two_runs / "two"]
    assert find_runs([two_runs / "two", two_runs]) == [two_runs / "two", two_runs / "one"]
    one, two = (summary_of(path, check=True) for path in find_runs([two_runs]))
    assert (one.state, one.data, one.select, one.why) == ("finished", str(ratings_csv), "ndcg@10", "")
    result = json.loads((two_runs / "one" / "result.json").read_text())
    assert one.metrics["ndcg@10"] == result["metrics"]["test"]["ndcg@10"]
    assert one.metrics["validation"] == result["metrics"]["validation"]["ndcg@10"]
    assert one.best_epoch == result["best_epoch"]
    assert differing_settings([one, two]) == {"model.num_layers": [1, 2]}
    with pytest.raises(RunError, match="nowhere: no such folder"):
        find_runs([two_runs / "nowhere"])


def test_an_unfinished_run_says_how_far_it_came_past_a_torn_line(two_runs: Path) -> None:
    (two_runs / "one" / "result.json").unlink()
    path = two_runs / "one" / "metrics.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:2]) + '\n{"stage": "select", "epo')
    assert [line["epoch"] for line in read_journal(path)] == [1, 2]
    told = summary_of(two_runs / "one")
    assert (told.state, told.why) == ("unfinished", "epoch 2 of at most 3")
    path.unlink()
    assert summary_of(two_runs / "one").why == "no epoch yet"


@pytest.mark.parametrize("name", ["result.json", "recipe.toml", "metrics.jsonl", "report.html"])
def test_a_damaged_run_is_described_and_the_others_are_shown(two_runs: Path, name: str) -> None:
    (two_runs / "one" / name).write_text("{\n")
    one, two = (summary_of(path, check=True) for path in find_runs([two_runs]))
    assert one.state == "damaged"
    assert name in one.why
    assert two.state == "finished"


def test_a_comparison_is_no_run(two_runs: Path) -> None:
    shutil.copytree(two_runs / "one", two_runs / "compared")
    (two_runs / "compared" / "comparison.json").write_text("{}")
    assert two_runs / "compared" not in find_runs([two_runs])


def test_a_run_without_its_recipe_is_damaged_and_not_unseen(two_runs: Path) -> None:
    (two_runs / "one" / "recipe.toml").unlink()
    (two_runs / "two" / "environment.json").unlink()
    found = [summary_of(path) for path in find_runs([two_runs])]
    assert [(each.path.name, each.state) for each in found] == [("one", "damaged"), ("two", "damaged")]
    assert "recipe.toml" in found[0].why
    assert "environment.json" in found[1].why
