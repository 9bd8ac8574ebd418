"""Read delimited text (CSV, TSV, `::` ...) into a table of user, item, value and time.

Polars reads the file; where it stumbles, or a cell is not what it should be, a slow second reading finds the line to
blame, so that the error can name it.
"""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from tastegraph.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Columns", "read_columns", "read_with_header"]

NAMES: Mapping[str, tuple[str, ...]] = {
    "user": ("user", "userid", "uid", "member", "memberid", "customer", "customerid", "visitorid"),
    "item": (
        "item", "itemid", "iid", "movie", "movieid", "film", "filmid", "product", "productid", "artistid",
        "book", "bookid", "isbn", "asin", "businessid", "gameid", "trackid", "songid",
    ),
    "value": ("rating", "ratings", "value", "score", "stars", "overall", "weight"),
    "time": ("timestamp", "time", "ts", "unixtime", "unixreviewtime", "datetime", "date", "createdat"),
}  # fmt: skip
REQUIRED = ("user", "item")
DELIMITERS = ("\t", ",", ";", "|", "::")
MILLISECONDS_FROM = 100_000_000_000  # a unix time above this (the year 5138 in seconds) counts milliseconds


@dataclass(frozen=True)
class Columns:
    """Where a delimited file keeps what we read.

    Attributes:
        delimiter: the text between two fields.
        position: position of each of user, item, value, time that is there, from 0.
        width: number of fields in a line.
        header: whether the first line holds names.
        encoding: "utf-8" or "latin-1".
    """

    delimiter: str
    position: Mapping[str, int]
    width: int
    header: bool
    encoding: str = "utf-8"

    def __str__(self) -> str:
        delimiter = {"\t": "tab", ",": "comma", ";": "semicolon"}.get(self.delimiter, self.delimiter)
        return f"{delimiter}-separated: " + ", ".join(self.position)


def read_with_header(path: Path) -> tuple[pl.DataFrame, Columns]:
    """Read a delimited file whose first line names its columns.

    Names are compared without case, spaces, punctuation or a RecBole ":type" suffix; see `NAMES`.

    Returns:
        A table (user and item String, value Float32, time Int64 in unix seconds; the last two only where
        the file has them), and what was understood of the file.

    Raises:
        DataError: the file is missing, empty, not UTF-8, lacks a column, or has a bad line (named).
    """
    columns = _understand_header(path)
    return read_columns(path, columns), columns


def read_columns(path: Path, columns: Columns) -> pl.DataFrame:
    """Read a delimited file whose layout is known.

    Raises:
        DataError: as `read_with_header`.
    """
    _must_hold_text(path)
    try:
        frame = _read_fast(path, columns)
    except pl.exceptions.PolarsError as error:
        _blame_a_line(path, columns)
        raise DataError(f"cannot be read ({str(error).splitlines()[0]})", path=path) from error
    blank = pl.all_horizontal(pl.all().is_null())
    if frame.select(blank.any()).item():
        _blame_a_line(path, columns)  # unless these are blank lines, which say nothing
        frame = frame.filter(~blank)
    if frame.is_empty():
        _blame_a_line(path, columns)
        raise DataError("has a header but no rows" if columns.header else "has no rows", path=path)
    typed = _to_types(frame)
    if _has_bad_cell(typed):
        _blame_a_line(path, columns)
        raise DataError("has a cell that cannot be read", path=path)
    return typed


def _must_hold_text(path: Path) -> None:
    if not path.exists():
        raise DataError("no such file", path=path)
    if not path.is_file():
        raise DataError("is not a file", path=path)
    if path.stat().st_size == 0:
        raise DataError("is empty", path=path)


def _understand_header(path: Path) -> Columns:
    _must_hold_text(path)
    with path.open("rb") as file:
        first = file.readline(65536)
    try:
        header = first.decode("utf-8-sig").strip("\r\n")
    except UnicodeDecodeError as error:
        raise DataError("is not UTF-8 text", path=path, line=1) from error
    delimiter = max(DELIMITERS, key=header.count)
    if not header.count(delimiter):
        raise DataError(
            "expected a header line with the columns user and item (and, optionally, rating and time), "
            f"separated by tab, comma, semicolon or |; found {header[:60]!r}",
            path=path,
            line=1,
        )
    names = [name.strip() for name in next(_fields(io.StringIO(header), delimiter))[1]]
    plain = [_plain(name) for name in names]
    position = {
        role: plain.index(alias)
        for role, aliases in NAMES.items()
        for alias in [next((a for a in aliases if a in plain), None)]
        if alias is not None
    }
    for role in REQUIRED:
        if role not in position:
            accepted = ", ".join(NAMES[role][:5])
            raise DataError(
                f"no {role} column among {', '.join(names)}; expected one named {accepted}, ...",
                path=path,
                line=1,
            )
    return Columns(delimiter, position, len(names), header=True)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.split(":", maxsplit=1)[0].lower() if letter.isalnum())


def _read_fast(path: Path, columns: Columns) -> pl.DataFrame:
    # Polars separates by one character: "a::b" is "a", "", "b" to it, so positions double.
    step = len(columns.delimiter)
    frame = pl.read_csv(
        path,
        separator=columns.delimiter[0],
        has_header=columns.header and step == 1,
        skip_rows=1 if columns.header and step > 1 else 0,
        infer_schema=False,
        encoding="utf8" if columns.encoding == "utf-8" else columns.encoding,
        quote_char='"' if step == 1 else None,
    )
    if frame.width != (columns.width - 1) * step + 1:
        raise pl.exceptions.ShapeError(f"{frame.width} fields instead of {columns.width}")
    return frame.select(
        pl.col(frame.columns[at * step]).str.strip_chars().replace("", None).alias(role)
        for role, at in columns.position.items()
    )


def _to_types(frame: pl.DataFrame) -> pl.DataFrame:
    typed = frame
    if "value" in frame.columns:
        typed = typed.with_columns(pl.col("value").cast(pl.Float32, strict=False))
    if "time" in frame.columns:
        typed = typed.with_columns(_unix_seconds(frame["time"]))
    return typed


def _unix_seconds(text: pl.Series) -> pl.Series:
    seconds = text.cast(pl.Int64, strict=False)
    if seconds.null_count():
        seconds = text.cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
    if seconds.null_count():
        seconds = pl.Series("time", [_iso_seconds(stamp) for stamp in text], dtype=pl.Int64)
    largest = seconds.max()
    if isinstance(largest, int) and largest > MILLISECONDS_FROM:
        seconds = seconds // 1000
    return seconds


def _iso_seconds(stamp: str | None) -> int | None:
    try:
        moment = datetime.fromisoformat(stamp or "")
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def _has_bad_cell(typed: pl.DataFrame) -> bool:
    nulls = any(column.null_count() for column in typed)
    return nulls or ("value" in typed.columns and not bool(typed["value"].is_finite().all()))


def _blame_a_line(path: Path, columns: Columns) -> None:
    """Raise a `DataError` for the first line that does not read; return if there is none."""
    encoding = "utf-8-sig" if columns.encoding == "utf-8" else columns.encoding
    try:
        with path.open(encoding=encoding, newline="") as file:
            for line, fields in _fields(file, columns.delimiter):
                blank = len(fields) < 2 and not "".join(fields).strip()  # noqa: PLR2004
                if not blank and not (columns.header and line == 1):
                    _check_line(path, line, fields, columns)
    except UnicodeDecodeError as error:
        raise DataError("is not UTF-8 text", path=path, line=_first_undecodable_line(path)) from error
    except csv.Error as error:
        raise DataError(f"is not delimited text ({error})", path=path) from error


def _fields(file: io.TextIOBase | io.StringIO | io.TextIOWrapper, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The fields of each line, with its number from 1."""
    if len(delimiter) == 1:
        reader = csv.reader(file, delimiter=delimiter)
        for fields in reader:
            yield reader.line_num, fields
    else:
        for line, text in enumerate(file, start=1):
            yield line, text.rstrip("\r\n").split(delimiter) if text.strip() else []


def _check_line(path: Path, line: int, fields: list[str], columns: Columns) -> None:
    if len(fields) != columns.width:
        raise DataError(f"expected {columns.width} fields, found {len(fields)}", path=path, line=line)
    for role, at in columns.position.items():
        text = fields[at].strip()
        if role in REQUIRED and not text:
            raise DataError(f"the {role} id is empty", path=path, line=line)
        if role == "value" and not _is_finite_number(text):
            raise DataError(f"expected a number as rating, found {text!r}", path=path, line=line)
        if role == "time" and not _is_finite_number(text) and _iso_seconds(text) is None:
            raise DataError(
                f"expected unix seconds or an ISO date as time, found {text!r}",
                path=path,
                line=line,
            )


def _first_undecodable_line(path: Path) -> int | None:
    with path.open("rb") as file:
        for line, raw in enumerate(file, start=1):
            try:
                raw.decode()
            except UnicodeDecodeError:
                return line
    return None


def _is_finite_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
