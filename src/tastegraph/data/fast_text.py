"""The fast way through delimited text: block by block, each parsed by Polars straight into the types wanted.

It knows nothing of errors. Whatever is not plain makes it give up, and the careful way in `delimited` reads the file
again, to read it or to say what is wrong with it and where. Where this way gets through, both give the same rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from tastegraph.data.cells import text_as_parts, text_as_values
from tastegraph.data.gathered import Block, MixedUnitsError, gather, ids_of
from tastegraph.data.line_blocks import line_blocks
from tastegraph.data.parallel_map import parallel_map
from tastegraph.data.roles import REQUIRED
from tastegraph.data.times import numbers_as_seconds, text_as_seconds, units_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from tastegraph.data.coded import CodedRows
    from tastegraph.data.columns import Columns

__all__ = ["read_fast"]

BOM = b"\xef\xbb\xbf"
LAST = "last"  # the last column, where it holds nothing we read: an empty one may be a line cut short
TYPED: Mapping[str, pl.DataType] = {"value": pl.Float32(), "time": pl.Int64()}


class _NotPlainError(Exception):
    """The careful way is needed."""


def read_fast(path: Path, columns: Columns) -> tuple[CodedRows, frozenset[str]] | None:
    """The rows of a delimited file and the units its times were in; None where it is not plain.

    Args:
        path: a file that exists.
        columns: where it keeps what.
    """
    if columns.encoding != "utf-8":
        return None
    start, expected = _first_row_and_rows(path, columns)
    try:
        return gather(
            lambda texts: parallel_map(_Parser(columns, texts), line_blocks(path, start)), columns.position, expected
        )
    except (_NotPlainError, MixedUnitsError):
        return None


class _Parser:
    """Turns a block of lines into arrays by role, and the units of its times; may run in several threads."""

    def __init__(self, columns: Columns, texts: Collection[str]) -> None:
        self._columns = columns
        self._texts = texts
        self._typed = True

    def __call__(self, block: bytes) -> Block:
        if block.isspace():
            return {}, frozenset()
        if block.startswith(BOM):
            raise _NotPlainError  # at the start of a block Polars would drop it; in the file it is part of an id
        frame, typed = self._frame(block)
        if frame.is_empty():
            raise _NotPlainError
        parsed = {role: self._ids(role, frame[role]) for role in REQUIRED}
        units: frozenset[str] = frozenset()
        for role in frame.columns:
            if role not in REQUIRED:
                cells, found = _cells(role, frame[role], typed=typed)
                if cells.null_count():
                    raise _NotPlainError
                parsed[role], units = cells.to_numpy(), units | found
        return parsed, units

    def _frame(self, block: bytes) -> tuple[pl.DataFrame, bool]:
        """The columns we read, by role, and whether ratings and times came typed."""
        quoted = self._columns.quote is not None and b'"' in block
        if quoted and block.count(b'"') % 2:
            raise _NotPlainError  # a field with a line end, cut in two, or a quotation mark too many
        if not block.isascii():
            _must_be_utf8(block)
        frame, typed = self._read(block)
        if frame["user"].null_count() and not quoted:
            lines = [line for line in block.split(b"\n") if line.strip(b"\r")]
            frame, typed = self._read(b"\n".join(lines))
        if any(frame[role].null_count() for role in REQUIRED):
            raise _NotPlainError
        if frame.columns[-1] == LAST:
            if frame[LAST].null_count() and not _all_as_wide(block, self._columns, len(frame)):
                raise _NotPlainError
            frame = frame.drop(LAST)
        return frame, typed

    def _read(self, block: bytes) -> tuple[pl.DataFrame, bool]:
        if self._typed:
            try:
                return _read(block, self._columns, typed=True), True
            except pl.exceptions.PolarsError:
                self._typed = False  # dates, or numbers with spaces around
        try:
            return _read(block, self._columns, typed=False), False
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise _NotPlainError from error

    def _ids(self, role: str, ids: pl.Series) -> Any:
        if role in self._texts and (ids.str.strip_chars() == "").any():
            raise _NotPlainError
        return ids_of(role, ids, self._texts)


def _cells(role: str, cells: pl.Series, *, typed: bool) -> tuple[pl.Series, frozenset[str]]:
    """Ratings, times or parts, null for what is none, and the units of times."""
    if role == "part":
        return text_as_parts(cells), frozenset()
    if role == "value":
        if not typed:
            return text_as_values(cells), frozenset()
        if not cells.is_finite().all():
            raise _NotPlainError
        return cells, frozenset()
    return (numbers_as_seconds(cells), units_of(cells)) if typed else text_as_seconds(cells)


def _must_be_utf8(block: bytes) -> None:
    try:
        block.decode()
    except UnicodeDecodeError as error:
        raise _NotPlainError from error


def _first_row_and_rows(path: Path, columns: Columns) -> tuple[int, int]:
    """Where the first row starts, and about how many rows there are: the start of the file tells their length."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(1 << 20)
    start = len(BOM) if head.startswith(BOM) else 0
    if columns.header:
        start = head.find(b"\n", start) + 1 or len(head)
    rows = head.count(b"\n", start)
    return start, int(1.02 * rows * (size - start) / max(len(head) - start, 1)) + 16


def _read(block: bytes, columns: Columns, *, typed: bool) -> pl.DataFrame:
    """The columns we read, by role, and the last one where it is none of them; null where a cell is empty.

    Raises:
        PolarsError: a line has too many fields, or a cell is not of its type.
        _NotPlainError: the characters of a delimiter stand apart.
    """
    # Polars separates by one character: "a::b" is "a", "", "b" to it, so positions double.
    step = len(columns.delimiter)
    width = (columns.width - 1) * step + 1
    place = {role: at * step for role, at in columns.position.items()}
    if width - 1 not in place.values():
        place[LAST] = width - 1
    schema: dict[str, pl.DataType] = {f"column_{n}": pl.String() for n in range(1, width + 1)}
    for role, kind in TYPED.items() if typed else ():
        if role in place:
            schema[f"column_{place[role] + 1}"] = kind
    gaps = [n for n in range(width) if n % step]
    frame = pl.read_csv(
        block,
        separator=columns.delimiter[0],
        has_header=False,
        schema=schema,
        columns=[f"column_{n + 1}" for n in sorted({*place.values(), *gaps})],
        quote_char=columns.quote,
    )
    if any(frame[f"column_{n + 1}"].null_count() < len(frame) for n in gaps):
        raise _NotPlainError
    chosen = frame.select(pl.col(f"column_{at + 1}").alias(role) for role, at in place.items())
    if columns.quote is None and b'"' in block:
        chosen = chosen.with_columns(pl.col(pl.String).str.replace(r'^"(.*)"$', "$1"))
    return chosen


def _all_as_wide(block: bytes, columns: Columns, rows: int) -> bool:
    """Whether an empty last field is written out in each line; a line with too many is refused before."""
    if columns.quote is not None and b'"' in block:
        return False
    return block.count(columns.delimiter.encode()) == rows * (columns.width - 1)
