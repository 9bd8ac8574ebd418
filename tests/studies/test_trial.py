from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tastegraph.data.load import load
from tastegraph.errors import DataError
from tastegraph.studies.recipe import load_recipe
from tastegraph.studies.trial import Trial

if TYPE_CHECKING:
    from pathlib import Path


def _trial(source: Path, *settings: str) -> Trial:
    recipe = load_recipe(None, settings, str(source))
    return Trial.of(load(str(source)), recipe)


def test_the_graph_tells_ages_where_recency_asks_for_them_and_the_refit_knows_validation_as_the_latest(
    tmp_path: Path,
) -> None:
    (tmp_path / "train.txt").write_text("0 3 1 2 4\n1 4 1 2 3\n", encoding="utf-8")
    (tmp_path / "test.txt").write_text("0 5\n1 5\n", encoding="utf-8")
    last = ("split.held_out=last", "split.ratios=[0.7, 0.2, 0.1]")
    assert _trial(tmp_path, *last).graph.age is None
    trial = _trial(tmp_path, *last, "model.recency=1")
    ids = trial.split.fit.items.ids.to_list()
    assert trial.graph.age is not None
    assert dict(zip((ids[item] for item in trial.graph.items_of[0]), trial.graph.age[:3], strict=True)) == {
        3: 3,
        1: 2,
        2: 1,
    }
    final = trial.final
    ids = final.split.fit.items.ids.to_list()
    assert final.graph.age is not None
    ages = dict(zip((ids[item] for item in final.graph.items_of[0]), final.graph.age[:4], strict=True))
    assert ages == {3: 4, 1: 3, 2: 2, 4: 1}


def test_recency_without_times_is_refused_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "likes.csv"
    path.write_text("user,item\n" + "".join(f"{u},{i}\n" for u in range(4) for i in range(u, u + 5)), encoding="utf-8")
    with pytest.raises(DataError, match=r"likes\.csv: model\.recency needs to know which of a user's items are later"):
        _trial(path, "model.recency=1")
