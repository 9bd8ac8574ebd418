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
    assert [frame[name].str.strip_chars().to_list() for name in ("user", "item")] == [["1"], ["2"]]
    assert frame.select("value", "time").rows() == [(3.5, 100.0)]


@pytest.mark.parametrize(
    "stamp",
    ["1600000000.5", "1600000000500", "1600000000500000", "1600000000500000000", "2020-09-13T12:26:40.5Z"],
)
def test_the_unit_of_times_is_told_by_their_size(tmp_path: Path, stamp: str) -> None:
    frame, _ = read_with_header(_write(tmp_path, f"user,item,ts\n1,1,{stamp}\n1,3,0\n"))
    assert frame["time"].to_list() == [1600000000.5, 0]


def test_a_name_with_brackets_is_that_files_name(tmp_path: Path) -> None:
    (tmp_path / "r1.csv").write_text("user,item\n7,7\n8,8\n", encoding="utf-8")
    (tmp_path / "r[1].csv").write_text("user,item\n1,2\n", encoding="utf-8")
    frame, _ = read_with_header(tmp_path / "r[1].csv")
    assert frame.rows() == [("1", "2")]


def test_in_tab_separated_text_a_quotation_mark_is_a_letter(tmp_path: Path) -> None:
    frame, _ = read_with_header(_write(tmp_path, 'user\titem\n1\t6" nails\n2\t"Rocky\n3\t"whole"\n'))
    assert frame["item"].to_list() == ['6" nails', '"Rocky', "whole"]


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
        ("user,item,time\n1,2,100\n\n1,3,1e30\n", 4, "expected unix seconds or an ISO date as time, found '1e30'"),
        ("user,item,rating\n1,2,1_0\n", 2, "expected a number as rating, found '1_0'"),
        ("user,item,rating\n1,2,1e39\n", 2, "expected a number as rating"),
        ("user,item,rating,note\n1,2,3,x\n1,3,4\n", 3, "expected 4 fields, found 3"),
        ('user,item,rating\n1,2,3\n2,"Rocky" II,3\n', 3, "is not delimited text"),
        ('user,item,rating\n1,"Rocky,3\n2,3,3\n', 2, "a quoted field is not closed"),
        ("user,item,rating\r1,2,3\r", 1, "a carriage return stands alone"),
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
