"""Read Parquet: the columns have their types already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import polars as pl

from tastegraph.data.cells import EXPECTED, text_as_parts, text_as_values
from tastegraph.data.gathered import Block, MixedUnitsError, gather, ids_of
from tastegraph.data.roles import OPTIONS, REQUIRED, find_roles
from tastegraph.data.times import (
    first_of_another_unit,
    numbers_as_seconds,
    text_as_seconds,
    text_of_another_unit,
    units_of,
)
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from tastegraph.data.coded import CodedRows
    from tastegraph.data.options import ColumnOptions

__all__ = ["read_parquet"]

ROWS = 1 << 20  # read at a time


def read_parquet(path: Path, chosen: ColumnOptions) -> tuple[CodedRows, dict[str, str], frozenset[str]]:
    """The rows of a Parquet file.

    Ids are integers or strings; ratings numbers; times numbers (unix), dates or strings.

    Returns:
        The rows, the column of each role, and the units that times are in.

    Raises:
        DataError: the file is no Parquet, a column is missing or of another type, or a cell is empty or no number
            (its row is named).
    """
    try:
        table = pl.scan_parquet(path, glob=False)
        schema = table.collect_schema()
        rows = table.select(pl.len()).collect().item()
        names = list(schema)
        columns = {role: names[at] for role, at in find_roles(names, chosen, path).items()}
        for role, name in columns.items():
            _must_suit(role, name, schema[name], path)
        found = gather(lambda texts: _blocks(table, rows, columns, texts, path), columns, rows)
    except MixedUnitsError:
        _blame_a_time(table.select(pl.col(columns["time"])).collect().to_series(), path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise DataError(f"cannot be read as Parquet ({str(error).partition(chr(10))[0]})", path=path) from error
    if found is None:
        raise DataError("has columns but no rows", path=path)
    return found[0], columns, found[1]


def _blame_a_time(cells: pl.Series, path: Path) -> NoReturn:
    cells = _plain_type(cells)
    row, unit = text_of_another_unit(cells) if cells.dtype == pl.String else first_of_another_unit(cells)
    raise DataError(f"row {row + 1}: expected {unit} as time, as in the rows before, found {cells[row]}", path=path)


def _must_suit(role: str, name: str, kind: pl.DataType, path: Path) -> None:
    text = kind in (pl.String, pl.Categorical, pl.Enum)
    suits = {
        "value": text or kind.is_numeric(),
        "time": text or kind.is_numeric() or kind in (pl.Date, pl.Datetime),
        "part": text,
    }.get(role, text or kind.is_integer())
    if not suits:
        wanted = {"value": "numbers", "time": "unix times or dates", "part": "strings"}.get(
            role, "integers or strings as ids"
        )
        raise DataError(f"column {name!r} ({OPTIONS[role]}): expected {wanted}, found {kind}", path=path)


def _blocks(
    table: pl.LazyFrame, rows: int, columns: Mapping[str, str], texts: Collection[str], path: Path
) -> Iterator[Block]:
    for at in range(0, rows, ROWS):
        chosen = (pl.col(name).alias(role) for role, name in columns.items())
        frame = table.slice(at, ROWS).select(chosen).collect()
        parsed: dict[str, Any] = {}
        units: frozenset[str] = frozenset()
        for role in columns:
            cells = _plain_type(frame[role])
            if role in REQUIRED:
                empty = cells.is_null() | (cells.str.strip_chars() == "" if cells.dtype == pl.String else False)
                if empty.any():
                    raise DataError(f"row {at + 1 + _first(empty)}: the {role} id is empty", path=path)
                parsed[role] = ids_of(role, cells, texts)
                continue
            read, found = _read(role, cells)
            if read.null_count():
                row = _first(read.is_null())
                raise DataError(f"row {at + 1 + row}: expected {EXPECTED[role]}, found {cells[row]}", path=path)
            parsed[role], units = read.to_numpy(), units | found
        yield parsed, units


def _plain_type(cells: pl.Series) -> pl.Series:
    return cells.cast(pl.String) if cells.dtype in (pl.Categorical, pl.Enum) else cells


def _read(role: str, cells: pl.Series) -> tuple[pl.Series, frozenset[str]]:
    """Ratings, times or parts, null for what is none, and the units of times."""
    if role == "part":
        return text_as_parts(cells), frozenset()
    if role == "value":
        if cells.dtype == pl.String:
            return text_as_values(cells), frozenset()
        numbers = cells.cast(pl.Float32, strict=False)
        return pl.select(pl.when(numbers.is_finite()).then(numbers).alias("value"))["value"], frozenset()
    if cells.dtype == pl.String:
        return text_as_seconds(cells)
    if cells.dtype.is_temporal():
        return (cells.cast(pl.Datetime("us")).dt.epoch("us") / 1e6).alias("time"), frozenset({"dates"})
    stamp = cells if cells.dtype.is_integer() else cells.cast(pl.Float64)
    return numbers_as_seconds(stamp), units_of(stamp)


def _first(mask: pl.Series) -> int:
    return int(mask.arg_true()[0])
