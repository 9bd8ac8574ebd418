from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tastegraph.data.delimited import read_with_header
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


def _write(folder: Path, text: str | bytes) -> Path:
    path = folder / "r.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "user,item,rating,timestamp\n1,2,3.5,100\n",
        "﻿userId;movieId;rating;timestamp\r\n1;2;3.5;100\r\n\r\n",
        "timestamp\trating\titem_id\tuser_id\n100\t3.5\t2\t1\n",
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t2\t3.5\t100\n",
        'User Id,extra,Item-ID,Rating,Time\n 1 ,"a, b","2", 3.5 ,1970-01-01T00:01:40\n',
        "user::item::rating::timestamp\n1::2::3.5::100\n",
        "user,item,rating,timestamp\n1,2,3.5,100.0\n\n\n",
        "user,item,stars,date\n1,2,3.5,1970-01-01 00:01:40+00:00\n",
    ],
)
def test_the_same_rating_is_read_from_each_dialect(tmp_path: Path, text: str) -> None:
    frame, _ = read_with_header(_write(tmp_path, text))
    assert frame.select("user", "item", "value", "time").rows() == [("1", "2", 3.5, 100)]


def test_milliseconds_become_seconds(tmp_path: Path) -> None:
    frame, _ = read_with_header(_write(tmp_path, "user,item,ts\n1,2,1600000000123\n"))
    assert frame["time"].to_list() == [1600000000]


def test_rating_and_time_may_be_missing(tmp_path: Path) -> None:
    frame, columns = read_with_header(_write(tmp_path, "item,user\nx,y\n"))
    assert frame.columns == ["user", "item"]
    assert frame.rows() == [("y", "x")]
    assert str(columns) == "comma-separated: user, item"


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("", None, "is empty"),
        ("user,item\n", None, "has a header but no rows"),
        ("person,film\n1,2\n", 1, "no user column among person, film"),
        ("user,rating\n1,2\n", 1, "no item column"),
        ("1,2,3\n4,5,6\n", 1, "no user column"),
        ("hello\n", 1, "expected a header line"),
        ("user,item,rating\n1,2,3\n1,3,four\n", 3, "expected a number as rating, found 'four'"),
        ("user,item,rating\n1,2,nan\n", 2, "expected a number as rating, found 'nan'"),
        ("user,item,rating\n1,2,inf\n", 2, "expected a number as rating, found 'inf'"),
        ("user,item,rating\n1,2,\n", 2, "expected a number as rating, found ''"),
        ("user,item,rating\n1,2,3\n1,4\n", 3, "expected 3 fields, found 2"),
        ("user,item,rating\n1,2,3\n\n1,4,5,6\n", 4, "expected 3 fields, found 4"),
        ("user,item,rating\n1,,3\n", 2, "the item id is empty"),
        ("user,item,rating\n1,2,3\n\n,,\n", 4, "the user id is empty"),
        ("user,item,time\n1,2,yesterday\n", 2, "expected unix seconds or an ISO date"),
        (b"user,item\n1,2\n\xff\xfe,3\n", 3, "is not UTF-8 text"),
        ("user::item::rating\n1::2::3\n1::4\n", 3, "expected 3 fields, found 2"),
    ],
)
def test_a_bad_file_is_blamed_on_its_line(tmp_path: Path, text: str | bytes, line: int | None, expected: str) -> None:
    path = _write(tmp_path, text)
    with pytest.raises(DataError) as caught:
        read_with_header(path)
    place = f"{path}: " if line is None else f"{path}:{line}: "
    assert str(caught.value).startswith(place)
    assert expected in str(caught.value)


@given(st.binary(max_size=300))
def test_whatever_the_bytes_the_only_error_is_ours(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = _write(tmp_path_factory.mktemp("fuzz"), b"user,item,rating\n" + content)
    try:
        frame, _ = read_with_header(path)
    except DataError:
        return
    assert frame["user"].null_count() == 0
    assert frame["value"].is_finite().all()
