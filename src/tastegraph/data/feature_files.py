"""Read a table of features as it stands: its ids and its columns, and every fault with its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from tastegraph.data.columns import Columns, quote_of
from tastegraph.data.delimited import DELIMITERS, first_line, split_header
from tastegraph.data.json_faults import id_in, must_parse, objects_of
from tastegraph.data.line_faults import blame_a_line, blame_what_stops, line_of
from tastegraph.data.roles import NAMES, plain_name
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tastegraph.data.opened import Opened

__all__ = ["FeatureTable", "Told", "read_table"]


Told = Callable[[str, int], DataError]


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """A table of features.

    Attributes:
        ids: String, none empty, each once.
        features: the other columns; those of delimited text are text.
        kinds: RecBole's type of each column that has one.
        told: the error that says what is wrong with a row, with its line or its number.
    """

    ids: pl.Series
    features: pl.DataFrame
    kinds: Mapping[str, str]
    told: Told


def read_table(file: Opened, role: str, chosen: str | None) -> FeatureTable:
    """Read a table whose ids are in the column `chosen`, or in the one that is named as `role` (user or item) or id.

    Raises:
        DataError: the table cannot be read, has no column of ids or several, no row, an id that is empty, is none, or
            stands twice.
    """
    read = {"parquet": _parquet, "json lines": _json_lines, "text": _delimited}[file.form]
    return read(file.path, role, chosen)


def _delimited(path: Path, role: str, chosen: str | None) -> FeatureTable:
    header = first_line(path)
    if not header.strip():
        raise DataError(f"expected a header line with a column of {role} ids, found a blank line", path=path, line=1)
    delimiter = max((mark for mark in DELIMITERS if len(mark) == 1), key=header.count)
    names = split_header(path, header, delimiter)
    at = _id_column(names, role, chosen, path)
    columns = Columns(delimiter, {role: at}, len(names), header=True)
    try:
        raw = pl.read_csv(
            path, separator=delimiter, infer_schema=False, quote_char=quote_of(delimiter), glob=False, null_values=[""]
        )
        if raw.width != len(names):
            raise pl.exceptions.ShapeError(f"{raw.width} fields instead of {len(names)}")
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        blame_what_stops(path, columns, error)
    raw.columns = names
    # A null in the last field may be an empty cell, a blank line, or the end of a truncated one.
    if raw.is_empty() or raw.to_series(-1).null_count():
        blame_a_line(path, columns)
    there = raw.select(there=~pl.all_horizontal(pl.all().is_null()))["there"]
    rows = there.arg_true()
    ids = raw.to_series(at).filter(there).str.strip_chars()
    told = _by_line(path, lambda row: line_of(path, columns, int(rows[row])))
    _must_be_ids(ids, role, path, told)
    kinds = {name: kind for name in names for _, colon, kind in [name.partition(":")] if colon}
    return FeatureTable(ids, raw.drop(names[at]).filter(there), kinds, told)


def _json_lines(path: Path, role: str, chosen: str | None) -> FeatureTable:
    try:
        table = pl.read_ndjson(path, infer_schema_length=None)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        must_parse(path)
        names = {key: pl.String() for _, row in objects_of(path) for key in row}
        table = pl.read_ndjson(path, schema=names)  # a key has values of several types: told apart as text is
    key = table.columns[_id_column(table.columns, role, chosen, path)]
    found = [(line, row.get(key)) for line, row in objects_of(path)]
    odd = next(((line, cell) for line, cell in found if cell is not None and id_in(cell) is None), None)
    if odd is not None:
        raise DataError(f"expected a string or an integer as {role} id, found {odd[1]}", path=path, line=odd[0])
    ids = pl.Series([id_in(cell) for _, cell in found], dtype=pl.String).str.strip_chars()
    told = _by_line(path, lambda row: found[row][0])
    _must_be_ids(ids, role, path, told)
    return FeatureTable(ids, table.drop(key), {}, told)


def _parquet(path: Path, role: str, chosen: str | None) -> FeatureTable:
    try:
        table = pl.read_parquet(path, glob=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise DataError(f"cannot be read as Parquet ({str(error).partition(chr(10))[0]})", path=path) from error
    key = table.columns[_id_column(table.columns, role, chosen, path)]
    kind = table.schema[key]
    if not (kind in (pl.String, pl.Categorical, pl.Enum) or kind.is_integer()):
        raise DataError(f"column {key!r} ({role}): expected integers or strings as ids, found {kind}", path=path)
    ids = table[key].cast(pl.String).str.strip_chars()
    told = _by_row(path)
    _must_be_ids(ids, role, path, told)
    return FeatureTable(ids, table.drop(key), {}, told)


def _id_column(names: Sequence[str], role: str, chosen: str | None, path: Path) -> int:
    """Position of the column of ids."""
    twice = next((name for at, name in enumerate(names) if name in names[:at]), None)
    if twice is not None:
        raise DataError(f"two columns are named {twice!r}; expected each name once", path=path, line=1)
    plain = [plain_name(name) for name in names]
    for aliases in ((plain_name(chosen or ""),), NAMES[role], ("id",)):
        found = [at for at, name in enumerate(plain) if name and name in aliases]
        if len(found) > 1:
            either = " and ".join(repr(names[at]) for at in found)
            message = f"columns {either} may both hold the {role}; say which by --{role}-column NAME"
            raise DataError(message, path=path, line=1)
        if found:
            return found[0]
    shown, accepted = ", ".join(names[:20]), ", ".join(NAMES[role][:5])
    raise DataError(f"no {role} column among {shown}; expected one named {accepted}, ...", path=path, line=1)


def _by_line(path: Path, line_of_row: Callable[[int], int | None]) -> Told:
    return lambda message, row: DataError(message, path=path, line=line_of_row(row))


def _by_row(path: Path) -> Told:
    return lambda message, row: DataError(f"row {row + 1}: {message}", path=path)


def _must_be_ids(ids: pl.Series, role: str, path: Path, told: Told) -> None:
    """Refuse a table without ids, with an empty one, or with one that stands twice."""
    if ids.is_empty():
        raise DataError("has a header but no rows", path=path)
    empty = ids.is_null() | (ids == "")
    if empty.any():
        raise told(f"the {role} id is empty", int(empty.arg_true()[0]))
    again = ~ids.is_first_distinct()
    if again.any():
        row = int(again.arg_true()[0])
        first = int((ids == ids[row]).arg_true()[0])
        line = told("", first).line
        before = f"row {first + 1}" if line is None else f"line {line}"
        raise told(f"the {role} id {ids[row]!r} stands in {before} already; expected each id once", row)
