"""Everything that is wrong with a file is one line: the file, the line where there is one, and what was expected."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from typing import TYPE_CHECKING

import polars as pl
import pytest
import zstandard
from pydantic import ValidationError

from tastegraph.data.load import load
from tastegraph.data.options import ColumnOptions, ReadOptions
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


def _parquet(**columns: object) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_parquet(buffer)
    return buffer.getvalue()


BOMB = b"user,item\n" + b"1,2\n" * (20 << 20)
CASES = [
    ("r.csv", b"user^item\n1^2\n", 1, "expected a header line with the columns user and item"),
    ("r.csv", b"user,item,rating\n1;2;3\n", 2, "expected 3 fields, found 1"),
    ("r.csv", b"user,rating\n1,2\n", 1, "no item column among user, rating"),
    ("r.csv", b"user,item,rating\n1,2,3\n1,4\n", 3, "expected 3 fields, found 2"),
    ("r.csv", b"user,item,rating\n1,2,3\n1,4,5,6\n", 3, "expected 3 fields, found 4"),
    ("r.csv", b"user,item,rating\n1,2,nan\n", 2, "expected a number as rating, found 'nan'"),
    ("r.csv", b"user,item,rating\n1,2,3\n1,3,-inf\n", 3, "expected a number as rating, found '-inf'"),
    ("r.csv", b"user,item,rating\n1,2,3\n1, ,3\n", 3, "the item id is empty"),
    ("r.csv", b'user,item,rating\n"",2,3\n', 2, "the user id is empty"),
    ("r.csv", b"user,item\n1,2\n1,\xff\n", 3, "is not UTF-8 text"),
    ("r.csv", b"user,item,note\n1,2,x\n1,3,\xff\n", 3, "is not UTF-8 text"),
    ("r.csv", b"\xff\xfeu\x00s\x00", None, "is UTF-16 text; expected UTF-8"),
    ("r.csv", b"user item\n1 2\n", 1, "found 'user item' (--delimiter ' ', if spaces separate)"),
    ("r.csv.xz", lzma.compress(b"user,item\n1,2\n"), None, "is compressed by xz; expected a plain file, .gz or .zst"),
    ("r.csv.bz2", bz2.compress(b"user,item\n1,2\n"), None, "is compressed by bzip2; expected a plain file, .gz or"),
    ("r.csv", b"", None, "is empty"),
    ("r.csv", b"user,item,rating\n", None, "has a header but no rows"),
    ("r.csv", b"user,item,rating\n\n\n", None, "has a header but no rows"),
    ("r.csv", b"user,item,rating", None, "has a header but no rows"),
    ("r.csv", b"user,item,rating\n\xef\xbb\xbf", 2, "expected 3 fields, found 1"),
    ("r.csv", b"user,item,date\n1,2,2020-13-01\n", 2, "expected unix seconds or an ISO date as time"),
    ("r.csv", b"\n\nuser,item\n1,2\n", 1, "found a blank line"),
    ("r.csv", b"user,item\r1,2\r3,4\r", 1, "a carriage return stands alone; expected lines that end in a line feed"),
    ("r.csv", b"user,item\n1,2\r3,4\n", 2, "a carriage return stands alone"),
    ("r.csv", b'user,item\n1,"2\n3,4\n', 2, "a quoted field is not closed"),
    ("r.csv", b'user,item,rating\n1,x,3\na"b,c,3\n2,x,3\n', 3, "expected it doubled and the whole field in quotation"),
    ("r.csv", b'user,item,rating\n1,"x\n""y",3\n2,5" disk 0,3\n3,x,3\n', 4, "a quotation mark stands inside a field"),
    ("r.csv", b"user,userId,item\n1,2,3\n", 1, "columns 'user' and 'userId' may both hold the user; say"),
    ("r.csv", b"user,user,item\n1,2,3\n", 1, "may both hold the user; say which by --user-column NUMBER"),
    ("r.csv", b"user,item,date,timestamp\n1,2,3,4\n", 1, "may both hold the time; say which by --time-column NAME"),
    ("r.csv", b"user,item,time\n1,2,1600000000\n1,3,0\n\n1,4,1600000000000\n", 5,
     "expected unix seconds as time, as in the lines before, found '1600000000000'"),
    ("r.csv", b"user,item,time\n1,2,1600000000000\n1,3,2020-01-01\n1,4,1600000000\n", 3,
     "expected unix milliseconds as time, as in the lines before, found '2020-01-01'"),
    ("r.csv", b"user,item,time\n1,2,2020-01-01\n1,3,2020-01-02\n1,4,20200103\n", 4,
     "expected ISO dates as time, as in the lines before, found '20200103'"),
    ("r.csv", b"user,item,time\n1,2,20200101\n1,3,2020-01-02\n", 3,
     "expected dates as yyyymmdd as time, as in the lines before, found '2020-01-02'"),
    ("r.jsonl", b'{"user": 1, "item": 2, "time": 1600000000}\n{"user": 1, "item": 3, "time": "2020-01-01"}\n', 2,
     "expected unix seconds as time (time), as in the lines before, found 2020-01-01"),
    ("r.parquet", _parquet(user=[1, 2], item=[3, 4], time=["2020-01-01", "1600000000"]), None,
     "row 2: expected ISO dates as time, as in the rows before, found 1600000000"),
    ("r.json", b'[{"user": 1, "item": 2}]', 1, "is a JSON array; expected JSON lines"),
    ("r.json", b'\n[\n  {"user": 1, "item": 2}\n]', 1, "is a JSON array; expected JSON lines"),
    ("r.csv", b"PK\x03\x04rest", None, "is a zip archive; expected the ratings file itself"),
    ("r.csv.gz", gzip.compress(b""), None, "is empty"),
    ("r.csv.gz", gzip.compress(b"user,item\n1,2\n")[:-6], None, "is damaged gzip"),
    ("r.csv.gz", b"\x1f\x8bnonsense", None, "is damaged gzip"),
    ("r.csv.gz", gzip.compress(b"user,item\n1,2\n1\n"), 3, "expected 2 fields, found 1"),
    ("r.csv.gz", gzip.compress(BOMB), None, "unpacks to more than 200 times its size"),
    ("r.csv.zst", zstandard.compress(BOMB), None, "unpacks to more than 200 times its size"),
    ("r.csv.zst", b"\x28\xb5\x2f\xfdnonsense", None, "is damaged zstd"),
    ("r.jsonl", b'{"user": 1, "item": 2}\n{"user": 1}\n', 2, "the item id (item) is empty or missing"),
    ("r.jsonl", b'{"user": 1, "item": 2}\n\n{"user": 1, "item": ""}\n', 3, "the item id (item) is empty or missing"),
    ("r.jsonl", b'{"user": 1, "item": 2}\n[1, 2]\n', 2, "expected a JSON object a line, found '[1, 2]'"),
    ("r.jsonl", b'{"user": 1, "item": 2}\n{"user": 1,\n', 2, "expected a JSON object a line"),
    ("r.jsonl", b'{"user": 1, "item": 2}\n{"user": 1, "item": "\xff"}\n', 2, "is not UTF-8 text"),
    ("r.jsonl", b'{"user": 1, "item": 2, "rating": NaN}\n', 1, "expected a number as rating (rating), found 'nan'"),
    ("r.jsonl", b'{"user": 1, "item": 2, "rating": 3}\n{"user": 1, "item": 3}\n', 2, "(rating), found nothing"),
    ("r.jsonl", b'{"person": 1, "item": 2}\n', 1, "no user column among person, item"),
    ("r.jsonl", b'{"user": 1, "item": 2}\n{"user": [1], "item": 2}\n', 2, "as user id (user), found [1]"),
    ("r.jsonl", b'{"user": 1, "item": 2}\n{"user": 1, "item": {"a": 1}}\n', 2, 'as item id (item), found {"a": 1}'),
    ("r.jsonl", b'{"user": true, "item": 2}\n', 1, "expected a string or an integer as user id (user), found true"),
    ("r.jsonl", b'{"user": 1, "item": 2}\n{"user": 1, "item": 2.5}\n', 2, "as item id (item), found 2.5"),
    ("r.jsonl", b'{"user": 9007199254740993.0, "item": 2}\n', 1, "expected a string or an integer as user id"),
    ("r.jsonl", b'{"user": 1e400, "item": 2}\n', 1, "an integer as user id (user), found Infinity"),
    ("r.jsonl", b'{"user": 1, "item": null}\n', 1, "the item id (item) is empty or missing"),
    ("r.jsonl", b'{"user": 1, "item": 2, "rating": 1e400}\n', 1, "expected a number as rating (rating), found 'inf'"),
    ("r.jsonl", b'{"user": 1, "item": 2}\n{"user": 1, "item": 3, "note": 1e400}\n', 2, "found inf (note)"),
    ("r.jsonl", b'{"user": 1, "item": 2, "userId": 3}\n', 1, "columns 'user' and 'userId' may both hold the user"),
    ("r.jsonl", b'{"user": 1, "item": 2, "time": 1600000000}\n{"user": 1, "item": 3, "time": 1600000000000}\n', 2,
     "expected unix seconds as time (time), as in the lines before, found 1600000000000"),
    ("r.parquet", _parquet(user=[1, 2], item=[3, 4], time=[1600000000, 1600000000000]), None,
     "row 2: expected unix seconds as time, as in the rows before, found 1600000000000"),
    ("r.parquet", b"PAR1 and nothing more", None, "cannot be read as Parquet"),
    ("r.parquet", _parquet(user=[1, 2], item=[3, None]), None, "row 2: the item id is empty"),
    ("r.parquet", _parquet(user=["a", ""], item=[3, 4]), None, "row 2: the user id is empty"),
    ("r.parquet", _parquet(user=[1], item=[3], rating=[float("inf")]), None, "row 1: expected a number as rating"),
    ("r.parquet", _parquet(user=[1], item=[3], rating=[[1]]), None, "column 'rating' (rating): expected numbers"),
    ("r.parquet", _parquet(user=pl.Series([], dtype=pl.Int64), item=pl.Series([], dtype=pl.Int64)), None, "no rows"),
    ("r.parquet", _parquet(user=[1]), 1, "no item column among user"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "line", "expected"), CASES, ids=range(len(CASES)))
def test_a_bad_file_is_told_in_one_line(
    tmp_path: Path, name: str, content: bytes, line: int | None, expected: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        load(str(path))
    said = str(caught.value)
    assert said.startswith(f"{path}: " if line is None else f"{path}:{line}: ")
    assert expected in said
    assert "\n" not in said
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (ColumnOptions(user="nobody"), "no column 'nobody' for the user among user, item, set"),
        (ColumnOptions(user="item", item="2"), "column 'item' cannot be both the user and the item"),
        (ColumnOptions(user="9"), "no column '9' for the user"),
        (ColumnOptions(part="set"), "r.csv:3: expected train, validation or test as part, found 'exam'"),
        (ColumnOptions(delimiter="|"), "separated by '|'"),
    ],
)
def test_options_that_do_not_suit_the_file_are_told(tmp_path: Path, columns: ColumnOptions, expected: str) -> None:
    path = tmp_path / "r.csv"
    path.write_text("user,item,set\n1,2,train\n1,3,exam\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load(str(path), options=ReadOptions(columns=columns))
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("content", "columns", "expected"),
    [
        ("1 2\n", ColumnOptions(header=False, user="2", delimiter=" "), "no column is left for the item; say --item-"),
        ("a,a,item\n1,2,3\n", ColumnOptions(user="a"), "columns 1 and 2 are both named 'a'; say which by --user-"),
    ],
)
def test_a_column_that_cannot_be_told_apart_or_is_not_left_is_told(
    tmp_path: Path, content: str, columns: ColumnOptions, expected: str
) -> None:
    path = tmp_path / "r.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load(str(path), options=ReadOptions(columns=columns))
    assert f"r.csv:1: {expected}" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"user": "none"}, "user and item cannot be left out"),
        ({"item": "none"}, "user and item cannot be left out"),
        ({"delimiter": '"'}, "a delimiter is one ASCII character"),
        ({"delimiter": ",;"}, "a delimiter is one ASCII character"),
    ],
)
def test_columns_that_no_file_could_have_are_refused(options: dict[str, str], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        ColumnOptions.model_validate(options)


@pytest.mark.parametrize(
    "content", [b"user,item\n1,2\n1,3\n", gzip.compress(b"user,item\n1,2\n1,3\n")], ids=["plain", "gzip"]
)
def test_a_file_comes_from_standard_input_too(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    dataset = load("-")
    assert (dataset.name, len(dataset.interactions)) == ("stdin", 2)


def test_standard_input_that_is_closed_empty_or_damaged_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(DataError, match=r"^standard input: is closed$"):
        load("-")
    for content, expected in (
        (b"", "is empty"),
        (b"user,item\n1\n", "2: expected 2 fields"),
        (b"PK\x03\x04", "is a zip"),
    ):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        with pytest.raises(DataError, match=f"^standard input:.*{expected}"):
            load("-")
