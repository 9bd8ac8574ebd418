"""The same ratings out of every format and wrapping."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
import zstandard

from tastegraph.data.load import load
from tastegraph.data.options import ColumnOptions, ReadOptions
from tastegraph.data.splits import FIT, TEST, VALIDATION, SplitConfig
from tastegraph.data.times import first_of_another_unit, units_of
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [("ann", 9007199254740993, 5.0, 1600000000), ("ann", 7, 3.5, 1600000060), ("bob", 7, 4.0, 1600000120)]
TABLE = pl.DataFrame(ROWS, schema=["user_id", "movie_id", "rating", "timestamp"], orient="row")
WANTED = [("ann", 7, 3.5, 1600000060), ("ann", 9007199254740993, 5.0, 1600000000), ("bob", 7, 4.0, 1600000120)]


def _as(form: str) -> bytes:
    if form == "csv":
        return TABLE.write_csv().encode()
    if form == "tsv":
        return b"\xef\xbb\xbf" + TABLE.write_csv(separator="\t", line_terminator="\r\n").encode() + b"\r\n\r\n"
    if form == "jsonl":
        return TABLE.write_ndjson().encode() + b"\n"
    buffer = io.BytesIO()
    TABLE.write_parquet(buffer)
    return buffer.getvalue()


WRAPPINGS = {"": lambda text: text, ".gz": gzip.compress, ".zst": zstandard.compress}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("form", ["csv", "tsv", "parquet", "jsonl"])
def test_ratings_are_the_same_in_every_format(tmp_path: Path, form: str, wrapping: str) -> None:
    path = tmp_path / f"mine.{form}{wrapping}"
    path.write_bytes(WRAPPINGS[wrapping](_as(form)))
    dataset = load(str(path))
    assert dataset.interactions.to_frame().rows() == WANTED
    assert dataset.name == "mine"
    assert list(dataset.digests) == [path.name]
    for words in ("user ids are text, item ids integers", "times in unix seconds"):
        assert words in dataset.understood
    assert dataset.understood.startswith({"": ("", ""), ".gz": ("gzip, ",), ".zst": ("zstd, ",)}[wrapping])


def test_what_a_file_is_is_told_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "ratings.txt"
    path.write_bytes(gzip.compress(_as("parquet")))
    assert load(str(path)).interactions.to_frame().rows() == WANTED


def test_columns_are_found_as_the_user_says(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("when;score;what;Who Is\n2020-01-01;5;x;a\n2020-01-02;4;y;a\n", encoding="utf-8")
    columns = ColumnOptions(user="who_is", item="what", rating="2", time="when")
    dataset = load(str(path), options=ReadOptions(columns=columns))
    assert dataset.interactions.to_frame().rows() == [("a", "x", 5.0, 1577836800), ("a", "y", 4.0, 1577923200)]
    assert dataset.understood == (
        "semicolon-separated: user, item, rating, time (columns Who Is, what, score, when); ids are text; "
        "times in ISO dates"
    )
    events = load(str(path), options=ReadOptions(columns=columns.model_copy(update={"rating": "none", "time": "none"})))
    assert events.interactions.value is None
    assert events.interactions.time is None


def test_fields_may_be_separated_by_spaces_where_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "r.txt"
    path.write_text("user item rating\na x 3\n", encoding="utf-8")
    dataset = load(str(path), options=ReadOptions(columns=ColumnOptions(delimiter=" ")))
    assert dataset.interactions.to_frame().rows() == [("a", "x", 3.0)]
    assert dataset.understood.startswith("space-separated: user, item, rating;")


def test_a_file_without_a_header_has_its_columns_in_the_usual_order_or_where_the_user_says(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("a,x,5,100\nb,x,4,200\n", encoding="utf-8")
    usual = load(str(path), options=ReadOptions(columns=ColumnOptions(header=False)))
    assert usual.interactions.to_frame().rows() == [("a", "x", 5.0, 100), ("b", "x", 4.0, 200)]
    said = ColumnOptions(header=False, user="2", item="1", rating="none", time="4")
    other = load(str(path), options=ReadOptions(columns=said))
    assert other.interactions.to_frame().rows() == [("x", "a", 100), ("x", "b", 200)]


def test_any_one_character_may_be_the_delimiter(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("user^item^rating\na^x^5\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"r.csv:1: expected a header line with the columns user and item"):
        load(str(path))
    dataset = load(str(path), options=ReadOptions(columns=ColumnOptions(delimiter="^")))
    assert dataset.interactions.to_frame().rows() == [("a", "x", 5.0)]


def test_parquet_takes_dates_and_categories_and_refuses_what_is_no_id(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    table = pl.DataFrame(
        {"user": ["a", "b"], "item": pl.Series([2**63 + 1, 5], dtype=pl.UInt64), "date": ["2020-01-01", "2020-01-02"]}
    )
    table.with_columns(pl.col("user").cast(pl.Categorical), pl.col("date").str.to_date()).write_parquet(path)
    rows = load(str(path)).interactions.to_frame().rows()
    assert rows == [("a", "9223372036854775809", 1577836800), ("b", "5", 1577923200)]
    table.with_columns(user=pl.Series([1.0, 2.5])).write_parquet(path)
    with pytest.raises(DataError, match=r"column 'user' \(user\): expected integers or strings as ids, found Float64"):
        load(str(path))


def test_feature_tables_are_joined_by_id(tmp_path: Path) -> None:
    path, items, users = tmp_path / "r.csv", tmp_path / "films.csv.gz", tmp_path / "people.jsonl"
    path.write_text("user,item,rating\n1,7,5\n2,8,4\n", encoding="utf-8")
    items.write_bytes(gzip.compress(b"movieId,title,genres,pages\n7,Alien (1979),Horror|Sci-Fi,01\n9,Elf,Comedy,2\n"))
    users.write_text('{"user": 2, "age": 30, "city": "Bonn"}\n{"user": 1, "age": null, "city": "Ulm"}\n', "utf-8")
    options = ReadOptions(item_features=str(items), user_features=str(users))
    dataset = load(str(path), options=options)
    assert dataset.item_table is not None
    assert dataset.item_table.rows() == [
        (7, "Alien", 1979, ["Horror", "Sci-Fi"], "01"),
        (9, "Elf", None, ["Comedy"], "2"),
    ]
    assert dataset.user_table is not None
    assert dataset.user_table.rows() == [(2, 30, "Bonn"), (1, None, "Ulm")]
    assert set(dataset.digests) == {"r.csv", "films.csv.gz", "people.jsonl"}


def test_feature_tables_that_do_not_belong_to_the_ratings_are_refused(tmp_path: Path) -> None:
    path, items = tmp_path / "r.csv", tmp_path / "films.csv"
    path.write_text("user,item,rating\n1,7,5\n", encoding="utf-8")
    items.write_text("item,title\n70,Alien\n", encoding="utf-8")
    options = ReadOptions(item_features=str(items))
    with pytest.raises(DataError, match=r"films.csv: none of its item ids is among the ratings' items"):
        load(str(path), options=options)
    items.write_text("item,title\n,Alien\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"films.csv:2: the item id is empty"):
        load(str(path), options=options)
    items.write_text("film_name,title\n7,Alien\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"films.csv:1: no item column among film_name, title"):
        load(str(path), options=options)


def test_recboles_atomic_files_bring_all_their_features(tmp_path: Path) -> None:
    (tmp_path / "x.inter").write_text("user_id:token\titem_id:token\n01\ta\n02\tb\n", encoding="utf-8")
    (tmp_path / "x.item").write_text(
        "item_id:token\tprice:float\tcolours:token_seq\tcode:token\na\t1.5\tred blue\t7\nb\t\t\t8\n", encoding="utf-8"
    )
    for place in (tmp_path, tmp_path / "x.inter"):
        dataset = load(str(place))
        assert dataset.interactions.to_frame().rows() == [("01", "a"), ("02", "b")]
        assert dataset.item_table is not None
        assert dataset.item_table.columns == ["item", "price", "colours", "code"]
        assert dataset.item_table.rows() == [("a", 1.5, ["red", "blue"], "7"), ("b", None, None, "8")]


def test_which_of_repeated_pairs_counts_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("user,item,rating,time\na,x,3,30\na,x,5,20\na,x,1,30\nb,x,2,1\n", encoding="utf-8")
    kept = {}
    for choice in ("last", "first", "highest"):
        dataset = load(str(path), options=ReadOptions(duplicates=choice))
        assert dataset.duplicates == 2
        assert dataset.interactions.value is not None
        kept[choice] = float(dataset.interactions.value[0])
    assert kept == {"last": 1.0, "first": 5.0, "highest": 5.0}  # at the same time, the last row is the later
    with pytest.raises(DataError, match=r"r.csv:3: user a, item x .* \(2 repeated rows\), here and in line 2"):
        load(str(path), options=ReadOptions(duplicates="refuse"))


def test_numbers_between_double_colons_have_no_header_whatever_the_file_is_called(tmp_path: Path) -> None:
    path = tmp_path / "ratings.dat.gz"
    path.write_bytes(gzip.compress(b"1::7::5::1600000000\n2::7::3.5::1600000000\n"))
    dataset = load(str(path))
    assert dataset.understood.startswith("gzip, no header, ::-separated")
    assert len(dataset.interactions) == 2


def test_columns_are_not_chosen_where_a_layout_says_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("a x y\n", encoding="utf-8")
    (tmp_path / "test.txt").write_text("a z\n", encoding="utf-8")
    with pytest.raises(DataError, match="its layout says what its columns are"):
        load(str(tmp_path), options=ReadOptions(columns=ColumnOptions(user="buyer")))


@pytest.mark.parametrize(
    ("x", "y", "z"),
    [
        ("1700000000900", "1700000000100", "1700000000500"),
        ("1700000000.9", "1700000000.1", "1700000000.5"),
        ("2023-11-14T22:13:20.900", "2023-11-14T22:13:20.100", "2023-11-14 22:13:20.5"),
        ("-1.1", "-1.9", "-1.5"),
    ],
)
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_what_happens_within_one_second_keeps_its_order(tmp_path: Path, form: str, x: str, y: str, z: str) -> None:
    frame = pl.DataFrame({"user": ["a"] * 3, "item": ["x", "y", "z"], "time": [x, y, z]})
    path = tmp_path / f"r.{form}"
    if form == "parquet":
        frame.write_parquet(path)
    else:
        path.write_text(frame.write_csv() if form == "csv" else frame.write_ndjson(), encoding="utf-8")
    made = load(str(path)).split(None, SplitConfig(method="leave-one-out"))
    assert dict(zip("xyz", made.part.tolist(), strict=True)) == {"x": TEST, "z": VALIDATION, "y": FIT}
    assert made.positives.time is not None
    assert made.positives.time.dtype == np.float64


def test_whole_seconds_are_integers_whatever_unit_they_were_in(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("user,item,time\n1,2,1700000000000\n1,3,1600000000000\n", encoding="utf-8")
    time = load(str(path)).interactions.time
    assert time is not None
    assert time.dtype == np.int64
    assert time.tolist() == [1_700_000_000, 1_600_000_000]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize(
    ("times", "seconds", "unit"),
    [
        ([20240101, 19691231], [1_704_067_200, -86_400], "times in dates as yyyymmdd"),
        ([20240101, 20240230], [20_240_101, 20_240_230], "times in unix seconds"),  # no such day
        ([20240101, 0], [20_240_101, 0], "times in unix seconds"),
        ([21010101, 20240101], [21_010_101, 20_240_101], "times in unix seconds"),
    ],
)
def test_numbers_are_days_where_each_is_one_of_our_days(
    tmp_path: Path, form: str, times: list[int], seconds: list[int], unit: str
) -> None:
    frame = pl.DataFrame({"user": ["a"] * 2, "item": ["x", "y"], "time": times})
    path = tmp_path / f"r.{form}"
    if form == "parquet":
        frame.write_parquet(path)
    else:
        path.write_text(frame.write_csv() if form == "csv" else frame.write_ndjson(), encoding="utf-8")
    dataset = load(str(path))
    assert dataset.interactions.time is not None
    assert dataset.interactions.time.tolist() == seconds
    assert unit in dataset.understood


def test_what_a_column_of_days_means_is_known_from_all_its_blocks() -> None:
    days, other = pl.Series([20240101, 20240102]), pl.Series([20240101, 7])
    assert units_of(days) == {"dates as yyyymmdd"}
    assert units_of(other) == {"unix seconds"}
    assert first_of_another_unit(pl.concat([days, other])) == (3, "dates as yyyymmdd")
