"""Read delimited text (CSV, TSV, `::` ...) into a table of user, item, value and time.

Polars reads the file; where it stumbles, or a cell is not what it should be, a slow second reading finds the line to
blame, so that the error can name it.
"""

from __future__ import annotations

import csv
import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

import polars as pl

from tastegraph.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["Columns", "first_undecodable_line", "read_columns", "read_with_header"]

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
# A unix time this far from 1970 counts milli-, micro- or nanoseconds: in seconds it would be the year 5138 or later.
MILLISECONDS_FROM, MICROSECONDS_FROM, NANOSECONDS_FROM = 1e11, 1e14, 1e17
YEARS_1_TO_9999 = (-62_135_596_800, 253_402_300_799)


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

    @property
    def quote(self) -> str | None:
        """The mark around a field that holds the delimiter, where the dialect has one."""
        return _quote(self.delimiter)

    def __str__(self) -> str:
        delimiter = {"\t": "tab", ",": "comma", ";": "semicolon"}.get(self.delimiter, self.delimiter)
        return f"{delimiter}-separated: " + ", ".join(self.position)


def read_with_header(path: Path) -> tuple[pl.DataFrame, Columns]:
    """Read a delimited file whose first line names its columns.

    Names are compared without case, spaces, punctuation or a RecBole ":type" suffix; see `NAMES`.

    Returns:
        A table (user and item String, value Float32, time Float64 in unix seconds; the last two only where
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
        raw = _read_fast(path, columns)
    except pl.exceptions.PolarsError as error:
        _blame_a_line(path, columns)
        raise DataError(f"cannot be read ({str(error).splitlines()[0]})", path=path) from error
    # A null in the last field may be an empty cell, a blank line, or the end of a truncated one.
    if raw.is_empty() or raw.select(pl.any_horizontal(pl.all().is_null()).any()).item():
        _blame_a_line(path, columns)
    text = raw.select(list(columns.position))
    blank = text.select(blank=pl.all_horizontal(pl.all().is_null()))["blank"]
    if blank.all():
        raise DataError("has a header but no rows" if columns.header else "has no rows", path=path)
    typed = _to_types(text)
    bad = typed.select(bad=pl.any_horizontal(pl.all().is_null()))["bad"] & ~blank
    if bad.any():
        _blame_a_cell(path, columns, text, typed, int(bad.arg_true()[0]))
    return typed.filter(~blank)


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
    names = [name.strip() for name in next(_fields(path, [header], delimiter))[1]]
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
    """The columns we read, by role, and the last one, all as strings; null where a cell is empty or missing."""
    # Polars separates by one character: "a::b" is "a", "", "b" to it, so positions double.
    step = len(columns.delimiter)
    frame = pl.read_csv(
        path,
        separator=columns.delimiter[0],
        has_header=columns.header and step == 1,
        skip_rows=1 if columns.header and step > 1 else 0,
        infer_schema=False,
        encoding="utf8" if columns.encoding == "utf-8" else columns.encoding,
        quote_char=columns.quote,
        glob=False,
    )
    if frame.width != (columns.width - 1) * step + 1:
        raise pl.exceptions.ShapeError(f"{frame.width} fields instead of {columns.width}")
    roles = [(role, frame.columns[at * step]) for role, at in columns.position.items()]
    chosen = frame.select(pl.col(name).alias(role) for role, name in roles)
    if columns.quote is None:
        chosen = chosen.with_columns(pl.all().str.replace(r'^"(.*)"$', "$1"))
    if columns.width - 1 not in columns.position.values():
        chosen = chosen.with_columns(last=frame.to_series(-1))
    return chosen.with_columns(pl.when(pl.all().str.strip_chars() != "").then(pl.all()))


def _to_types(text: pl.DataFrame) -> pl.DataFrame:
    """Ids as they are, ratings as Float32, times as Float64 unix seconds; null for what cannot be read."""
    typed = text
    if "value" in text.columns:
        value = pl.col("value").str.strip_chars().cast(pl.Float32, strict=False)
        typed = typed.with_columns(value=pl.when(value.is_finite()).then(value))
    if "time" in text.columns:
        typed = typed.with_columns(time=_unix_seconds(text["time"].str.strip_chars()))
    return typed


def _unix_seconds(text: pl.Series) -> pl.Series:
    """Unix seconds of each cell; milli-, micro- and nanoseconds are told by their size, dates by their form."""
    stamp = text.cast(pl.Float64, strict=False)
    if stamp.null_count() > text.null_count():
        dates = [_iso_seconds(cell) if number is None else number for cell, number in zip(text, stamp, strict=True)]
        stamp = pl.Series("time", dates, dtype=pl.Float64)
    size = pl.col("time").abs()
    scale = pl.when(size >= NANOSECONDS_FROM).then(1e9).when(size >= MICROSECONDS_FROM).then(1e6)
    seconds = pl.col("time") / scale.when(size >= MILLISECONDS_FROM).then(1e3).otherwise(1.0)
    within = seconds.is_between(*YEARS_1_TO_9999)
    return pl.DataFrame({"time": stamp}).select(time=pl.when(within).then(seconds))["time"]


def _iso_seconds(stamp: str | None) -> float | None:
    try:
        moment = datetime.fromisoformat(stamp or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _blame_a_cell(path: Path, columns: Columns, text: pl.DataFrame, typed: pl.DataFrame, row: int) -> NoReturn:
    """Raise a `DataError` for the first cell of a row that does not read."""
    lines = (line for line, _ in _records(path, columns))
    first = row + (1 if columns.header else 0)
    line = next(itertools.islice(lines, first, None), None)
    for role in columns.position:
        if typed[role][row] is None:
            cell = text[role][row]
            expected = {"value": "a number as rating", "time": "unix seconds or an ISO date as time"}.get(role)
            found = f"expected {expected}, found {cell or ''!r}" if expected else f"the {role} id is empty"
            raise DataError(found, path=path, line=line)
    raise DataError("has a row that cannot be read", path=path, line=line)


def _blame_a_line(path: Path, columns: Columns) -> None:
    """Raise a `DataError` for the first line that is not made as the others are; return if there is none."""
    for number, (line, fields) in enumerate(_records(path, columns)):
        blank = len(fields) < 2 and not "".join(fields).strip()
        if blank or (columns.header and number == 0):
            continue
        if len(fields) != columns.width:
            raise DataError(f"expected {columns.width} fields, found {len(fields)}", path=path, line=line)
        for role, at in columns.position.items():
            if role in REQUIRED and not fields[at].strip():
                raise DataError(f"the {role} id is empty", path=path, line=line)


def _records(path: Path, columns: Columns) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields of each record, blank lines and the header included."""
    encoding = "utf-8-sig" if columns.encoding == "utf-8" else columns.encoding
    try:
        with path.open(encoding=encoding, newline="") as file:
            yield from _fields(path, file, columns.delimiter)
    except UnicodeDecodeError as error:
        raise DataError("is not UTF-8 text", path=path, line=first_undecodable_line(path)) from error


def _fields(path: Path, file: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The fields of each record, with the number of its last line from 1."""
    if len(delimiter) > 1:
        for line, text in enumerate(file, start=1):
            yield line, text.rstrip("\r\n").split(delimiter) if text.strip() else []
        return
    if _quote(delimiter) is None:
        reader = csv.reader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)
    else:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
    line = 0
    try:
        for fields in reader:
            line = reader.line_num
            yield line, fields
    except csv.Error as error:
        raise DataError(f"is not delimited text ({error})", path=path, line=line + 1) from error


def _quote(delimiter: str) -> str | None:
    """The quotation mark of a dialect: tab- and ::-separated text has none, so that 6" stays 6"."""
    return None if delimiter in {"\t", "::"} else '"'


def first_undecodable_line(path: Path) -> int | None:
    """Number of the first line that is not UTF-8, from 1."""
    with path.open("rb") as file:
        for line, raw in enumerate(file, start=1):
            try:
                raw.decode()
            except UnicodeDecodeError:
                return line
    return None
