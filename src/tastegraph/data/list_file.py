"""Read recommendation lists that any tool wrote: a table of user, item, and rank or score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import polars as pl

from tastegraph.data.opened import opened
from tastegraph.data.roles import NAMES, plain_name
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tastegraph.data.opened import Opened

__all__ = ["ListRows", "read_list_file"]

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "user": NAMES["user"],
    "item": NAMES["item"],
    "rank": ("rank", "position", "place"),
    "score": ("score", "prediction", "rating", "value"),
}
DELIMITERS = ("\t", ",", ";", "|")


@dataclass(frozen=True, eq=False)
class ListRows:
    """The rows of a file of lists.

    Attributes:
        path: the file, as the user calls it.
        table: user and item (original ids), rank (whole numbers from 1) and score (finite), Float64, where the file has
            them, in the order of the file.
        first: number that a user would give the first row: a line of a text file (2, after the header), else a row (1).
        by_line: whether rows are lines.
    """

    path: Path
    table: pl.DataFrame
    first: int
    by_line: bool

    def blame(self, row: int, message: str) -> NoReturn:
        """Raise a `DataError` for a row, counted from 0."""
        if self.by_line:
            raise DataError(message, path=self.path, line=self.first + row)
        raise DataError(f"row {self.first + row}: {message}", path=self.path)


def read_list_file(path: Path) -> ListRows:
    """The rows of a file of lists: CSV, TSV, Parquet or JSON lines, plain, .gz or .zst.

    Columns are known by name, without case, spaces and punctuation: user, item, and rank or score or both.

    Raises:
        DataError: the file cannot be read, a column is missing, an id is empty, or a rank or score is no such (the row
            is named).
    """
    with opened(path) as file:
        raw = _table(file)
        text = file.form != "parquet"
        found = _columns(raw.columns, file.shown)
        rows = ListRows(
            file.shown, raw.select(pl.col(name).alias(role) for role, name in found.items()),
            first=2 if file.form == "text" else 1, by_line=text,
        )  # fmt: skip
    if rows.table.is_empty():
        raise DataError("holds no lists: it has columns but no rows", path=rows.path)
    columns = [_ids(rows, role) for role in ("user", "item")]
    columns += [_numbers(rows, role) for role in ("rank", "score") if role in found]
    return ListRows(rows.path, pl.DataFrame(columns), rows.first, rows.by_line)


def _columns(names: list[str], path: Path) -> dict[str, str]:
    plain = [plain_name(name) for name in names]
    found = {
        role: names[plain.index(alias)]
        for role, aliases in COLUMNS.items()
        if (alias := next((alias for alias in aliases if alias in plain), None)) is not None
    }
    listed = ", ".join(names[:20])
    for role in ("user", "item"):
        if role not in found:
            raise DataError(
                f"no {role} column among {listed}; lists are columns user, item, and rank or score", path=path
            )
    if not {"rank", "score"} & found.keys():
        raise DataError(
            f"neither a rank nor a score column among {listed}; one of them must order each user's list", path=path
        )
    return found


def _ids(rows: ListRows, role: str) -> pl.Series:
    """Ids as strings or integers; pandas makes floats of integers now and then."""
    cells = rows.table[role]
    if cells.dtype.is_float():
        cells = cells.fill_nan(None)
        broken = (cells != cells.floor()).fill_null(value=False)
        if broken.any():
            rows.blame(_first(broken), f"the {role} id {cells[_first(broken)]} is no whole number")
        cells = cells.cast(pl.Int64)
    elif not cells.dtype.is_integer():
        cells = cells.cast(pl.String).str.strip_chars()
    empty = cells.is_null() | (cells == "" if cells.dtype == pl.String else False)
    if empty.any():
        rows.blame(_first(empty), f"the {role} id is empty")
    return cells


def _numbers(rows: ListRows, role: str) -> pl.Series:
    cells = rows.table[role]
    numbers = cells.cast(pl.Float64, strict=False)
    bad = numbers.is_null() | ~numbers.is_finite()
    expected = "a finite number as score"
    if role == "rank":
        bad = bad | (numbers < 1) | (numbers != numbers.floor())
        expected = "a whole number from 1 as rank"
    bad = bad.fill_null(value=True)
    if bad.any():
        row = _first(bad)
        cell = "nothing" if cells[row] is None else str(cells[row])[:60]
        rows.blame(row, f"expected {expected}, found {cell}")
    return numbers.alias(role)


def _table(file: Opened) -> pl.DataFrame:
    """All columns; those of delimited text as strings."""
    try:
        if file.form == "parquet":
            return pl.read_parquet(file.path, glob=False)
        if file.form == "json lines":
            return pl.read_ndjson(file.path, infer_schema_length=None)
        with file.path.open("rb") as opened_file:
            header = opened_file.readline(65_536).decode("utf-8-sig", errors="replace")
        delimiter = max(DELIMITERS, key=header.count)
        return pl.read_csv(file.path, separator=delimiter, infer_schema=False, glob=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise DataError(f"cannot be read ({str(error).partition(chr(10))[0]})", path=file.path) from error


def _first(mask: pl.Series) -> int:
    return int(mask.arg_true()[0])
