"""Read JSON lines: an object a line, its keys the columns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

import polars as pl

from tastegraph.data.ahead import ahead
from tastegraph.data.cells import EXPECTED, text_as_parts, text_as_seconds, text_as_values
from tastegraph.data.gathered import Block, gather, ids_of
from tastegraph.data.line_blocks import line_blocks
from tastegraph.data.roles import REQUIRED, find_roles
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from tastegraph.data.coded import CodedRows
    from tastegraph.data.options import ColumnOptions

__all__ = ["read_json_lines"]

BOM = b"\xef\xbb\xbf"


class _BadBlockError(Exception):
    """A line of a block is not as it should be."""


def read_json_lines(path: Path, chosen: ColumnOptions) -> tuple[CodedRows, dict[str, str], frozenset[str]]:
    """The rows of a file of JSON lines.

    The keys of the first line say what there is; each line has to have those that are read.

    Returns:
        The rows, the key of each role, and the units that times are in.

    Raises:
        DataError: a line is no JSON object, or lacks a key or a value (named).
    """
    with path.open("rb") as file:
        start = len(BOM) if file.read(len(BOM)) == BOM else 0
        file.seek(start)
        line, first = next(((n, text) for n, text in enumerate(file, 1) if text.strip()), (1, b""))
        length = max(len(first), 1)
    names = list(_object(first, path, line))
    keys = {role: names[at] for role, at in find_roles(names, chosen, path).items()}
    expected = 2 * path.stat().st_size // length
    try:
        found = gather(lambda texts: ahead(_Parser(keys, texts), line_blocks(path, start)), keys, expected)
    except _BadBlockError as error:
        _blame(path, keys, str(error))
    assert found is not None  # noqa: S101 (the first line was read)
    return found[0], keys, found[1]


class _Parser:
    """Turns a block of lines into arrays by role, and the unit of its times; may run in several threads."""

    def __init__(self, keys: Mapping[str, str], texts: Collection[str]) -> None:
        self._keys = keys
        self._texts = texts

    def __call__(self, block: bytes) -> Block:
        if not block.strip():
            return {}, None
        try:
            frame = pl.read_ndjson(block, schema=dict.fromkeys(self._keys.values(), pl.String()))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise _BadBlockError(str(error).partition("\n")[0]) from error
        if frame.is_empty():
            raise _BadBlockError("a line holds nothing")
        parsed: dict[str, Any] = {}
        unit = None
        for role, key in self._keys.items():
            cells = frame[key]
            if role in REQUIRED:
                if cells.null_count() or (cells.str.strip_chars() == "").any():
                    raise _BadBlockError(f"a {role} id is missing")
                parsed[role] = ids_of(role, cells, self._texts)
                continue
            if role == "time":
                cells, unit = text_as_seconds(cells)
            else:
                cells = text_as_values(cells) if role == "value" else text_as_parts(cells)
            if cells.null_count():
                raise _BadBlockError(f"a {role} cannot be read")
            parsed[role] = cells.to_numpy()
        return parsed, unit


def _object(text: bytes, path: Path, line: int) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except UnicodeDecodeError as error:
        raise DataError("is not UTF-8 text", path=path, line=line) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"expected a JSON object a line ({error})", path=path, line=line) from error
    if not isinstance(read, dict):
        raise DataError(f"expected a JSON object a line, found {str(read)[:60]!r}", path=path, line=line)
    return read


def _blame(path: Path, keys: Mapping[str, str], why: str) -> NoReturn:
    """Raise a `DataError` for the first line that does not read."""
    readers = {"value": text_as_values, "time": lambda text: text_as_seconds(text)[0], "part": text_as_parts}
    with path.open("rb") as file:
        for line, text in enumerate(file, start=1):
            if not text.removeprefix(BOM).strip():
                continue
            row = _object(text.removeprefix(BOM), path, line)
            for role, key in keys.items():
                cell = row.get(key)
                if role in REQUIRED:
                    if cell is None or not str(cell).strip():
                        raise DataError(f"the {role} id ({key}) is empty or missing", path=path, line=line)
                elif cell is None or readers[role](pl.Series([str(cell)])).null_count():
                    found = "nothing" if cell is None else repr(str(cell)[:60])
                    raise DataError(f"expected {EXPECTED[role]} ({key}), found {found}", path=path, line=line)
    raise DataError(f"cannot be read as JSON lines ({why})", path=path)
