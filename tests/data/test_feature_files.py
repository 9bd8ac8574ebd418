"""Tables of features: what is wrong with one is one line with file, line and what was expected."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tastegraph.data.features import read_features, with_ids_of
from tastegraph.data.vocabulary import Vocabulary
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


def _parquet(**columns: object) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_parquet(buffer)
    return buffer.getvalue()


CASES = [
    (b"", None, "is empty"),
    (b"item,title\n", None, "has a header but no rows"),
    (b"item,title\n\n\n", None, "has a header but no rows"),
    (b"\n\nitem,title\n7,A\n", 1, "expected a header line with a column of item ids, found a blank line"),
    (b"item,title\n7,A,x\n", 2, "expected 2 fields, found 3"),
    (b"item,title\n7,A\n\n8\n", 4, "expected 2 fields, found 1"),
    (b"item,title\n7,A\n\n,B\n", 4, "the item id is empty"),
    (b"item,title,year\n7,A,1999\n\n8,B,abc\n", 4, "expected a number as year, found 'abc'"),
    (b'{"item": 7, "year": "abc"}\n', 1, "expected a number as year, found 'abc'"),
    (b"item,title\n7,\xff\n", 2, "is not UTF-8 text"),
    (b"item,\xff\n7,A\n", 1, "is not UTF-8 text"),
    (b"item,title\r7,A\r", 1, "a carriage return stands alone"),
    (b'item,title\n7,"A\n', 2, "a quoted field is not closed"),
    (b"item,title\n7,A\n9,B\n\n7,C\n", 5, "the item id '7' stands in line 2 already; expected each id once"),
    (b'item,title\n7,"A\nB"\n7,C\n', 4, "the item id '7' stands in line 3 already"),
    (b"item,title,title\n7,A,B\n", 1, "two columns are named 'title'; expected each name once"),
    (b"item,movie_id\n7,A\n", 1, "columns 'item' and 'movie_id' may both hold the item; say which by --item"),
    (b"name,title\n7,A\n", 1, "no item column among name, title; expected one named item, itemid"),
    (b'{"item": 7}\n{"item": 8\n', 2, "expected a JSON object a line (Expecting ',' delimiter"),
    (b'{"item": 7}\n\n{"item": ""}\n', 3, "the item id is empty"),
    (b'{"item": 7}\n{"title": "A"}\n', 2, "the item id is empty"),
    (b'{"item": 7}\n{"item": 2.5}\n', 2, "expected a string or an integer as item id, found 2.5"),
    (b'{"item": 7}\n{"item": [8]}\n', 2, "expected a string or an integer as item id, found [8]"),
    (b'{"item": 7}\n{"item": 8, "a": 1e400}\n', 2, "expected finite numbers, found inf (a)"),
    (b'{"item": 7}\n\n{"item": 7}\n', 3, "the item id '7' stands in line 1 already"),
    (b'{"item": 7, "title": "\xff"}\n', 1, "is not UTF-8 text"),
    (b'[{"item": 7}]\n', 1, "is a JSON array; expected JSON lines"),
    (b"PAR1 and nothing more", None, "cannot be read as Parquet"),
    (_parquet(item=[7, 7]), None, "row 2: the item id '7' stands in row 1 already"),
    (_parquet(item=[7, 8], year=["1999", "abc"]), None, "row 2: expected a number as year, found 'abc'"),
    (_parquet(item=[7, None]), None, "row 2: the item id is empty"),
    (_parquet(item=[7.0]), None, "column 'item' (item): expected integers or strings as ids, found Float64"),
    (_parquet(item=pl.Series([], dtype=pl.Int64)), None, "has a header but no rows"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "line", "expected"), CASES, ids=range(len(CASES)))
def test_a_bad_table_is_told_in_one_line(tmp_path: Path, content: bytes, line: int | None, expected: str) -> None:
    path = tmp_path / "films"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_features(path, "item", None)
    said = str(caught.value)
    assert said.startswith(f"{path}: " if line is None else f"{path}:{line}: ")
    assert expected in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"\xef\xbb\xbfitem;title\r\n7;\r\n\r\n8;B\r\n\r\n", [("7", None), ("8", "B")]),
        (b" id , title \n 7 ,A\n", [("7", "A")]),
        (b"item\n7\n\n8\n", [("7",), ("8",)]),
        (b'{"item": 7.0, "title": "A"}\n{"item": "x", "title": null}\n', [("7", "A"), ("x", None)]),
        (b'{"item": 7, "a": 1}\n{"item": 8, "a": true}\n', [("7", "1"), ("8", "true")]),
        (_parquet(title=["A"], item=["7"]), [("7", "A")]),
    ],
)
def test_a_sound_table_is_simply_read(tmp_path: Path, content: bytes, rows: list[tuple[object, ...]]) -> None:
    path = tmp_path / "films"
    path.write_bytes(content)
    assert read_features(path, "item", None).rows() == rows


def test_an_id_is_as_it_is_written() -> None:
    """007 is not 7, nor is it a film that nobody rated under another name."""
    table = pl.DataFrame({"item": ["007", "7", "8"], "title": ["A", "B", "C"]})
    numbers = with_ids_of(Vocabulary(pl.Series([7, 8])), table)
    assert numbers is not None
    assert numbers.rows() == [(7, "B"), (8, "C")]
    texts = with_ids_of(Vocabulary(pl.Series(["007", "8"])), table)
    assert texts is not None
    assert texts.rows() == table.rows()


PIECES = [
    b"item", b"title", b"7", b"8", b"a", b",", b"\t", b"|", b"\n", b"\r\n", b"\r", b'"', b"1e400", b" ", b"\xff", b"{",
    b'{"item": 7, "title": "x"}\n', b'{"item": ', b"}", b"[", b"null", b"true",
]  # fmt: skip


@settings(max_examples=300)
@given(
    head=st.sampled_from([b"", b"item,title\n", b"item\ttitle\tyear\n", b'{"item": 1}\n']),
    content=st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join),
)
def test_whatever_the_bytes_a_table_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, head: bytes, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "films"
    path.write_bytes(head + content)
    try:
        table = read_features(path, "item", None)
    except DataError as error:
        assert str(error).startswith(str(path))  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017
        return
    assert table["item"].is_unique().all()
    assert not table["item"].null_count()
