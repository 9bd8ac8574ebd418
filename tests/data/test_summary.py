from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tastegraph.data.load import load
from tastegraph.data.options import ColumnOptions, ReadOptions
from tastegraph.data.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_the_figures_of_a_small_file(tmp_path: Path) -> None:
    path, films = tmp_path / "r.csv", tmp_path / "films.csv"
    path.write_text(
        "user,item,rating,date,set\na,x,5,2020-01-01,train\na,y,4,2020-01-02,train\na,z,1,2020-01-05,test\n"
        "b,x,5,2020-02-01,valid\n",
        encoding="utf-8",
    )
    films.write_text("item,title,genres\nx,X,War|Drama\ny,Y,Drama\nq,Q,Noir\n", encoding="utf-8")
    options = ReadOptions(item_features=str(films), columns=ColumnOptions(part="set"))
    summary = summarise(load(str(path), options=options), 4.0)
    assert (summary["users"], summary["items"], summary["interactions"]) == (2, 3, 4)
    assert summary["density"] == pytest.approx(4 / 6)
    assert summary["positives"] == {"threshold": 4.0, "count": 3}
    assert summary["ratings"] == [{"rating": r, "count": c} for r, c in ((1.0, 1), (4.0, 1), (5.0, 2))]
    assert summary["degrees"]["user"] == [{"from": 1, "to": 1, "count": 1}, {"from": 2, "to": 3, "count": 1}]
    assert summary["degrees"]["item"] == [{"from": 1, "to": 1, "count": 2}, {"from": 2, "to": 3, "count": 1}]
    assert summary["time"] == {"first": "2020-01-01", "last": "2020-02-01"}
    assert summary["genres"] == [
        {"genre": "Drama", "items": 2, "interactions": 3},
        {"genre": "War", "items": 1, "interactions": 2},
    ]
    assert summary["given_parts"] == {"fit": 2, "validation": 1, "test": 1}
    assert summary["item_features"] == ["title", "genres"]


def test_movielens_100k_in_figures(real_data: Callable[[str], Path]) -> None:
    real_data("ml-100k")
    summary = summarise(load("ml-100k"), 3.0)
    assert [entry["count"] for entry in summary["ratings"]] == [6_110, 11_370, 27_145, 34_174, 21_201]
    assert summary["genres"][0] == {"genre": "Drama", "items": 725, "interactions": 39_895}
    assert sum(entry["count"] for entry in summary["degrees"]["user"]) == 943
    assert summary["time"] == {"first": "1997-09-20", "last": "1998-04-22"}
