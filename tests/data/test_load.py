"""What `load` takes, and how what it gives shows itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import tastegraph
from tastegraph.data.load import load
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("source", "options", "expected"),
    [
        (pl.DataFrame(), None, "expected a known data set's name or a path (str or Path) to load, found DataFrame"),
        (3, None, "expected a known data set's name or a path (str or Path) to load, found int"),
        ("r.csv", {"duplicates": "first"}, "expected ReadOptions(...) as options, found dict"),
    ],
)
def test_an_argument_of_another_type_is_told(source: Any, options: Any, expected: str) -> None:
    with pytest.raises(DataError) as caught:
        load(source, options=options)
    assert str(caught.value) == expected


def test_a_data_set_shows_its_name_and_counts(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("user,item,rating,time\na,x,1,1\na,y,2,2\nb,x,3,3\n", encoding="utf-8")
    dataset = load(path)
    assert repr(dataset) == "Dataset('r', 2 users, 2 items, 3 interactions)"
    assert repr(dataset.interactions) == "Interactions(2 users, 2 items, 3 pairs, ratings, times)"


def test_the_package_lists_its_public_names() -> None:
    assert dir(tastegraph) == sorted([*tastegraph.__all__, "__version__"])


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("item,title\nx,X\nz,Z\n", "; 1 of 2 items in films.csv"),
        ("item\nx\ny\n", "; 2 of 2 items in films.csv, which holds ids alone and no features"),
    ],
)
def test_how_many_items_found_their_features_is_told(tmp_path: Path, table: str, told: str) -> None:
    path, films = tmp_path / "r.csv", tmp_path / "films.csv"
    path.write_text("user,item\na,x\na,y\n", encoding="utf-8")
    films.write_text(table, encoding="utf-8")
    assert load(path, options=tastegraph.ReadOptions(item_features=str(films))).understood.endswith(told)
