"""Say which line of a file of JSON lines is at fault, and why: read again in Python, once there is a fault."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, NoReturn

import polars as pl

from tastegraph.data.cells import EXPECTED, text_as_parts, text_as_values
from tastegraph.data.roles import REQUIRED
from tastegraph.data.times import mixes_units, text_as_seconds
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["BOM", "blame", "id_in", "must_parse", "object_in", "objects_of"]

BOM = b"\xef\xbb\xbf"
EXACT_UP_TO = 2.0**53  # an integer written as a float is not what was meant beyond
LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character, which nothing can be written with
SHOWN = 60  # characters of what was found


def id_in(cell: Any) -> str | None:
    """A JSON value as an id: a string as it is, an integer by its digits (2.0 as 2); None for anything else."""
    if isinstance(cell, str):
        return cell if LONE_SURROGATE.search(cell) is None else None
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        return None
    if isinstance(cell, float) and not (abs(cell) < EXACT_UP_TO and cell.is_integer()):
        return None
    return str(int(cell))


def object_in(text: bytes, path: Path, line: int) -> dict[str, Any]:
    """The object that a line holds.

    Raises:
        DataError: it is no JSON object.
    """
    try:
        read = json.loads(text.strip())
    except UnicodeDecodeError as error:
        raise DataError("is not UTF-8 text", path=path, line=line) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"expected a JSON object a line ({error})", path=path, line=line) from error
    if not isinstance(read, dict):
        raise DataError(f"expected a JSON object a line, found {_shown(read)}", path=path, line=line)
    return read


def objects_of(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and object of each line that is not blank.

    Raises:
        DataError: a line holds no JSON object.
    """
    with path.open("rb") as file:
        for line, text in enumerate(file, start=1):
            bare = text.removeprefix(BOM) if line == 1 else text
            if bare.strip():
                yield line, object_in(bare, path, line)


def blame(path: Path, keys: Mapping[str, str], why: str) -> NoReturn:
    """Raise a `DataError` for the first line that does not read.

    Args:
        path: the file.
        keys: the key of each role.
        why: what is known of the fault.
    """
    unit: frozenset[str] = frozenset()
    for line, row in objects_of(path):
        for role, key in keys.items():
            fault = _id_fault(role, key, row) if role in REQUIRED else _cell_fault(role, key, row.get(key))
            if fault is not None:
                raise DataError(fault, path=path, line=line)
        if "time" in keys:
            stamp = str(row[keys["time"]])
            this = text_as_seconds(pl.Series([stamp]))[1]
            if mixes_units(unit | this):
                expected = f"expected {next(iter(unit))} as time ({keys['time']}), as in the lines before"
                raise DataError(f"{expected}, found {stamp}", path=path, line=line)
            unit = unit or this
    must_parse(path)
    raise DataError(f"cannot be read as JSON lines ({why})", path=path)


def must_parse(path: Path) -> None:
    """Refuse the first line with what Python takes for JSON and nobody else does.

    Raises:
        DataError: a line holds no JSON object, or a number that is not finite.
    """
    for line, row in objects_of(path):
        odd = next((key for key, cell in row.items() if _not_finite(cell)), None)
        if odd is not None:
            raise DataError(f"expected finite numbers, found {row[odd]} ({odd})", path=path, line=line)


def _id_fault(role: str, key: str, row: Mapping[str, Any]) -> str | None:
    cell = row.get(key)
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return f"the {role} id ({key}) is empty or missing"
    if id_in(cell) is None:
        return f"expected a string or an integer as {role} id ({key}), found {_shown(json.dumps(cell), quoted=False)}"
    return None


def _cell_fault(role: str, key: str, cell: Any) -> str | None:
    readers = {"value": text_as_values, "time": lambda text: text_as_seconds(text)[0], "part": text_as_parts}
    if cell is not None and not readers[role](pl.Series([str(cell)])).null_count():
        return None
    return f"expected {EXPECTED[role]} ({key}), found {'nothing' if cell is None else _shown(cell)}"


def _not_finite(cell: Any) -> bool:
    if isinstance(cell, (list, dict)):
        return any(map(_not_finite, cell.values() if isinstance(cell, dict) else cell))
    return isinstance(cell, float) and not math.isfinite(cell)


def _shown(found: Any, *, quoted: bool = True) -> str:
    text = str(found)[:SHOWN]
    return repr(text) if quoted else text
