"""Read delimited text (CSV, TSV, `::` ...) into a table of user, item, value and time.

Polars reads the file; where it stumbles, or a cell is not what it should be, a slow second reading finds the line to
blame, so that the error can name it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

import polars as pl

from tastegraph.data.cells import EXPECTED, text_as_parts, text_as_values
from tastegraph.data.coded import CodedRows
from tastegraph.data.columns import Columns
from tastegraph.data.fast_text import read_fast
from tastegraph.data.line_faults import LONE_CR, blame_a_line, blame_what_stops, fields_of, line_of
from tastegraph.data.opened import must_hold_something
from tastegraph.data.options import ColumnOptions
from tastegraph.data.roles import find_roles, roles_by_position
from tastegraph.data.times import mixes_units, text_as_seconds, text_of_another_unit
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DELIMITERS", "first_line", "read_coded", "read_columns", "read_with_header", "split_header", "understand"]

DELIMITERS = ("\t", ",", ";", "|", "::")
LONGEST_HEADER = 65_536  # bytes
NUMBERS = re.compile(r"[0-9.]+(::[0-9.]+)*")


def read_with_header(path: Path, chosen: ColumnOptions | None = None) -> tuple[pl.DataFrame, Columns]:
    """Read a delimited file whose first line names its columns.

    Names are compared without case, spaces, punctuation or a RecBole ":type" suffix; see `roles.NAMES`.

    Returns:
        A table (user and item String, value Float32, time Float64 in unix seconds; the last two only where
        the file has them), and what was understood of the file.

    Raises:
        DataError: the file is missing, empty, not UTF-8, lacks a column, or has a bad line (named).
    """
    columns = understand(path, chosen or ColumnOptions())
    return read_columns(path, columns), columns


def read_coded(path: Path, columns: Columns) -> tuple[CodedRows, frozenset[str]]:
    """The rows of a delimited file whose layout is known, and the units that its times are in: the fast way first.

    Raises:
        DataError: as `read_with_header`.
    """
    must_hold_something(path, path)
    if (fast := read_fast(path, columns)) is not None:
        return fast
    frame, units = _read_carefully(path, columns)
    return CodedRows.from_frame(frame), units


def read_columns(path: Path, columns: Columns) -> pl.DataFrame:
    """Read a delimited file whose layout is known.

    Raises:
        DataError: as `read_with_header`.
    """
    return _read_carefully(path, columns)[0]


def _read_carefully(path: Path, columns: Columns) -> tuple[pl.DataFrame, frozenset[str]]:
    """The table and the units of its times; all cells are text first, so that a bad one can be shown."""
    must_hold_something(path, path)
    try:
        raw = _read_text(path, columns)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        blame_what_stops(path, columns, error)
    # A null in the last field may be an empty cell, a blank line, or the end of a truncated one.
    if raw.is_empty() or raw.select(pl.any_horizontal(pl.all().is_null()).any()).item():
        blame_a_line(path, columns)
    text = raw.select(list(columns.position))
    blank = text.select(blank=pl.all_horizontal(pl.all().is_null()))["blank"]
    if blank.all():
        raise DataError("has a header but no rows" if columns.header else "has no rows", path=path)
    typed, units = _to_types(text)
    bad = typed.select(bad=pl.any_horizontal(pl.all().is_null()))["bad"] & ~blank
    if bad.any():
        _blame_a_cell(path, columns, text, typed, int(bad.arg_true()[0]))
    if mixes_units(units):
        row, unit = text_of_another_unit(text["time"])
        raise DataError(
            f"expected {unit} as time, as in the lines before, found {text['time'][row]!r}",
            path=path,
            line=line_of(path, columns, row),
        )
    return typed.filter(~blank), units


def understand(path: Path, chosen: ColumnOptions, *, dat: bool = False) -> Columns:
    """Where a file keeps what: by its header, or by position in a file without one.

    Args:
        path: the file.
        chosen: what the user said.
        dat: whether it is named .dat: MovieLens' ratings.dat has no header, nor have other numbers between ::.

    Raises:
        DataError: the first line is not UTF-8, is not delimited, or lacks a column.
    """
    header = first_line(path)
    delimiter = chosen.delimiter or max(DELIMITERS, key=header.count)
    if delimiter == "::" and chosen == ColumnOptions() and (dat or NUMBERS.fullmatch(header)):
        chosen = ColumnOptions(header=False)
    if not header.count(delimiter):
        by = f"by {chosen.delimiter!r}" if chosen.delimiter else "by tab, comma, semicolon or |"
        expected = "a header line with the columns user and item (and, optionally, rating and time)"
        if not chosen.header:
            expected = "lines of user and item (and, optionally, rating and time)"
        found = repr(header[:60]) if header.strip() else "a blank line"
        if chosen.delimiter is None and " " in header.strip():
            found += " (--delimiter ' ', if spaces separate)"
        raise DataError(f"expected {expected}, separated {by}; found {found}", path=path, line=1)
    names = split_header(path, header, delimiter)
    if chosen.header:
        return Columns(delimiter, find_roles(names, chosen, path), len(names), header=True, names=tuple(names))
    return Columns(delimiter, roles_by_position(len(names), chosen, path), len(names), header=False)


def first_line(path: Path) -> str:
    """The first line of a text file, without its end.

    Raises:
        DataError: it is not UTF-8, or lines end in a way that nothing else reads.
    """
    must_hold_something(path, path)
    with path.open("rb") as file:
        first = file.readline(LONGEST_HEADER)
    try:
        line = first.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise DataError("is not UTF-8 text", path=path, line=1) from error
    if "\r" in line and '"' not in line:
        raise DataError(LONE_CR, path=path, line=1)
    return line


def split_header(path: Path, header: str, delimiter: str) -> list[str]:
    """The names that a first line gives the columns."""
    return [name.strip() for name in next(fields_of(path, [header], delimiter))[1]]


def _read_text(path: Path, columns: Columns) -> pl.DataFrame:
    """The columns we read, by role, and the last one, all as strings; null where a cell is empty or missing.

    Raises:
        PolarsError: a line is not made as the others are.
    """
    frame = _by_one_character(path, columns) if len(columns.delimiter) == 1 else _by_several(path, columns)
    if frame.width != columns.width:
        raise pl.exceptions.ShapeError(f"{frame.width} fields instead of {columns.width}")
    roles = [(role, frame.columns[at]) for role, at in columns.position.items()]
    chosen = frame.select(pl.col(name).alias(role) for role, name in roles)
    if columns.quote is None:
        chosen = chosen.with_columns(pl.all().str.replace(r'^"(.*)"$', "$1"))
    if columns.width - 1 not in columns.position.values():
        chosen = chosen.with_columns(last=frame.to_series(-1))
    return chosen.with_columns(pl.when(pl.all().str.strip_chars() != "").then(pl.all()))


def _by_one_character(path: Path, columns: Columns) -> pl.DataFrame:
    return pl.read_csv(
        path,
        separator=columns.delimiter,
        has_header=columns.header,
        infer_schema=False,
        encoding="utf8" if columns.encoding == "utf-8" else columns.encoding,
        quote_char=columns.quote,
        glob=False,
    )


def _by_several(path: Path, columns: Columns) -> pl.DataFrame:
    """Polars separates by one character; by several, lines are split as text."""
    try:
        text = path.read_text(encoding="utf-8-sig" if columns.encoding == "utf-8" else columns.encoding)
    except UnicodeDecodeError as error:
        raise pl.exceptions.ComputeError(str(error)) from error
    lines = pl.Series("line", text.split("\n")[1 if columns.header else 0 :])
    fields = lines.str.strip_chars_end("\r").str.split(columns.delimiter)
    there = lines.str.strip_chars() != ""
    if not (fields.list.len().filter(there) == columns.width).all():
        raise pl.exceptions.ShapeError("a line has too few fields or too many")
    names = [f"column_{n + 1}" for n in range(columns.width)]
    each = (pl.when(there).then(fields.list.get(n, null_on_oob=True)).alias(name) for n, name in enumerate(names))
    return pl.select(each)


def _to_types(text: pl.DataFrame) -> tuple[pl.DataFrame, frozenset[str]]:
    """Ids as they are, ratings as Float32, times as Float64 unix seconds; null for what cannot be read."""
    typed, units = text, frozenset[str]()
    if "value" in text.columns:
        typed = typed.with_columns(value=text_as_values(text["value"]))
    if "time" in text.columns:
        seconds, units = text_as_seconds(text["time"])
        typed = typed.with_columns(time=seconds)
    if "part" in text.columns:
        typed = typed.with_columns(part=text_as_parts(text["part"]))
    return typed, units


def _blame_a_cell(path: Path, columns: Columns, text: pl.DataFrame, typed: pl.DataFrame, row: int) -> NoReturn:
    """Raise a `DataError` for the first cell of a row that does not read."""
    line = line_of(path, columns, row)
    for role in columns.position:
        if typed[role][row] is None:
            cell = text[role][row]
            expected = EXPECTED.get(role)
            found = f"expected {expected}, found {cell or ''!r}" if expected else f"the {role} id is empty"
            raise DataError(found, path=path, line=line)
    raise DataError("has a row that cannot be read", path=path, line=line)
