"""Files of recommendation lists, whole and broken."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tastegraph.data.list_file import read_list_file
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

TABLE = pl.DataFrame({"user": [7, 7, 9], "item": [1, 2, 1], "score": [0.5, 0.25, 1.0]})


@pytest.mark.parametrize("name", ["l.csv", "l.tsv", "l.parquet", "l.jsonl", "l.csv.gz"])
def test_every_format_reads_alike(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith("gz"):
        path.write_bytes(gzip.compress(TABLE.write_csv().encode()))
    elif name.endswith("parquet"):
        TABLE.write_parquet(path)
    elif name.endswith("jsonl"):
        TABLE.write_ndjson(path)
    else:
        TABLE.write_csv(path, separator="\t" if "tsv" in name else ",")
    found = read_list_file(path).table
    assert found.columns == ["user", "item", "score"]
    assert found.cast({"user": pl.Int64, "item": pl.Int64}).equals(TABLE)


def test_columns_are_known_by_the_names_other_tools_give_them(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text("userID,itemID,prediction,note\n1,2,0.5,x\n", encoding="utf-8")
    assert read_list_file(path).table.columns == ["user", "item", "score"]


def test_integers_that_pandas_made_floats_are_integers(tmp_path: Path) -> None:
    pl.DataFrame({"user": [1.0, 2.0], "item": [3, 4], "rank": [1, 1]}).write_parquet(tmp_path / "l.parquet")
    assert read_list_file(tmp_path / "l.parquet").table["user"].to_list() == [1, 2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user,film_name,rank\n1,2,1\n", "l.csv: no item column among user, film_name, rank; lists are columns user"),
        ("who,item,rank\n1,2,1\n", "l.csv: no user column among who, item, rank"),
        ("user,item\n1,2\n", "l.csv: neither a rank nor a score column among user, item"),
        ("user,item,rank\n", "l.csv: holds no lists: it has columns but no rows"),
        ("user,item,rank\n1,2,1\n1,,2\n", "l.csv:3: the item id is empty"),
        ("user,item,rank\n,2,1\n", "l.csv:2: the user id is empty"),
        ("user,item,rank\n1,2,1\n1,3,0\n", "l.csv:3: expected a whole number from 1 as rank, found 0"),
        ("user,item,rank\n1,2,1.5\n", "l.csv:2: expected a whole number from 1 as rank, found 1.5"),
        ("user,item,score\n1,2,0.1\n1,3,nan\n", "l.csv:3: expected a finite number as score, found nan"),
        ("user,item,score\n1,2,-inf\n", "l.csv:2: expected a finite number as score, found -inf"),
        ("user,item,score\n1,2,high\n", "l.csv:2: expected a finite number as score, found high"),
        ("user,item,score\n1,2,\n", "l.csv:2: expected a finite number as score, found nothing"),
        ("user,item,score\n1,2,3,4\n", "l.csv: cannot be read"),
        ("", "l.csv: is empty"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "l.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as error:
        read_list_file(path)
    assert str(error.value).startswith(f"{tmp_path}/{expected}")
    assert "\n" not in str(error.value)


def test_parquet_counts_rows(tmp_path: Path) -> None:
    path = tmp_path / "l.parquet"
    pl.DataFrame({"user": [1, 1], "item": [3, 4], "score": [1.0, float("nan")]}).write_parquet(path)
    with pytest.raises(DataError, match=r"l\.parquet: row 2: expected a finite number as score, found nan"):
        read_list_file(path)
    pl.DataFrame({"user": [1.5], "item": [3], "score": [1.0]}).write_parquet(path)
    with pytest.raises(DataError, match=r"row 1: the user id 1.5 is no whole number"):
        read_list_file(path)
