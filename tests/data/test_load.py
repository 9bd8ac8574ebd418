"""What `load` takes, and how what it gives shows itself."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import tastegraph
from tastegraph.data.load import load
from tastegraph.data.options import ColumnOptions
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


@pytest.mark.parametrize(
    ("name", "text", "place", "first"),
    [
        ("r.csv", "user,item,set\na,x,train\n\na,y,train\nb,y,train\na,x,test\n", "r.csv:6", "line 2"),
        ("r.csv.gz", "user,item,set\na,x,train\na,x,test\n", "r.csv.gz:3", "line 2"),
        (
            "r.jsonl",
            '{"user": 1, "item": 2, "set": "train"}\n\n{"user": 1, "item": 2, "set": "test"}\n',
            "r.jsonl:3",
            "line 1",
        ),
    ],
)
def test_the_lines_of_a_repeated_pair_are_told(tmp_path: Path, name: str, text: str, place: str, first: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    for options, found in (
        (tastegraph.ReadOptions(duplicates="refuse"), "is there more than once (1 repeated row)"),
        (tastegraph.ReadOptions(columns=ColumnOptions(part="set")), "is in two parts"),
    ):
        with pytest.raises(DataError) as caught:
            load(path, options=options)
        assert str(caught.value).startswith(f"{tmp_path}/{place}: user ")
        assert f"{found}, here and in {first}; expected " in str(caught.value)


def test_the_rows_of_a_repeated_pair_are_told_where_there_are_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    pl.DataFrame({"user": [1, 2, 1], "item": [3, 3, 3]}).write_parquet(path)
    with pytest.raises(DataError, match=r"r.parquet: row 3: user 1, item 3 is there more than once .* and in row 1;"):
        load(path, options=tastegraph.ReadOptions(duplicates="refuse"))
