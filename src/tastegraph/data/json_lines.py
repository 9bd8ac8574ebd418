"""Read JSON lines: an object a line, its keys the columns."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import polars as pl

from tastegraph.data.cells import text_as_parts, text_as_values
from tastegraph.data.gathered import Block, MixedUnitsError, gather, ids_of
from tastegraph.data.json_faults import BOM, blame, id_in, object_in
from tastegraph.data.line_blocks import line_blocks
from tastegraph.data.parallel_map import parallel_map
from tastegraph.data.roles import REQUIRED, find_roles
from tastegraph.data.times import text_as_seconds

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from tastegraph.data.coded import CodedRows
    from tastegraph.data.options import ColumnOptions

__all__ = ["read_json_lines"]

# Text that a JSON value other than a string or an integer turns into. As a string it is an id like any other.
NO_PLAIN_ID = r"^(\[|\{|true$|false$|-?[0-9]+[.eE])"
# Polars writes large floats out as integers are written.
LONG, LARGE_FLOAT = r"^-?[0-9]{16,}$", re.compile(rb":\s*-?[0-9]+(\.[0-9]|[eE])")


class _BadBlockError(Exception):
    """A line of a block is not as it should be."""


def read_json_lines(path: Path, chosen: ColumnOptions) -> tuple[CodedRows, dict[str, str], frozenset[str]]:
    """The rows of a file of JSON lines.

    The keys of the first line say what there is; each line has to have those that are read. Ids are strings or
    integers (2.0 is 2).

    Returns:
        The rows, the key of each role, and the units that times are in.

    Raises:
        DataError: a line is no JSON object, or lacks a key or a value (named), or times are in several units.
    """
    with path.open("rb") as file:
        start = len(BOM) if file.read(len(BOM)) == BOM else 0
        file.seek(start)
        line, first = next(((n, text) for n, text in enumerate(file, 1) if text.strip()), (1, b""))
        length = max(len(first), 1)
    names = list(object_in(first, path, line))
    keys = {role: names[at] for role, at in find_roles(names, chosen, path).items()}
    expected = 2 * path.stat().st_size // length
    try:
        found = gather(lambda texts: parallel_map(_Parser(keys, texts), line_blocks(path, start)), keys, expected)
    except (_BadBlockError, MixedUnitsError) as error:
        blame(path, keys, str(error))
    assert found is not None  # noqa: S101 (the first line was read)
    return found[0], keys, found[1]


class _Parser:
    """Turns a block of lines into arrays by role, and the units of its times; may run in several threads."""

    def __init__(self, keys: Mapping[str, str], texts: Collection[str]) -> None:
        self._keys = keys
        self._texts = texts

    def __call__(self, block: bytes) -> Block:
        if not block.strip():
            return {}, frozenset()
        try:
            frame = pl.read_ndjson(block, schema=dict.fromkeys(self._keys.values(), pl.String()))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise _BadBlockError(str(error).partition("\n")[0]) from error
        if frame.is_empty():
            raise _BadBlockError("a line holds nothing")
        parsed: dict[str, Any] = {}
        units: frozenset[str] = frozenset()
        for role, key in self._keys.items():
            cells = frame[key]
            if role in REQUIRED:
                parsed[role] = ids_of(role, _ids(cells, block, role, key), self._texts)
                continue
            if role == "time":
                cells, units = text_as_seconds(cells)
            else:
                cells = text_as_values(cells) if role == "value" else text_as_parts(cells)
            if cells.null_count():
                raise _BadBlockError(f"a {role} cannot be read")
            parsed[role] = cells.to_numpy()
        return parsed, units


def _ids(cells: pl.Series, block: bytes, role: str, key: str) -> pl.Series:
    """Ids without null; where some look like no string and no integer, they are looked at one by one."""
    if cells.str.contains(NO_PLAIN_ID).any() or (cells.str.contains(LONG).any() and LARGE_FLOAT.search(block)):
        try:
            rows = (json.loads(line) for line in block.split(b"\n") if line.strip())
            cells = pl.Series([id_in(row[key]) for row in rows], dtype=pl.String)
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise _BadBlockError(str(error)) from error
    if cells.null_count() or (cells.str.strip_chars() == "").any():
        raise _BadBlockError(f"a {role} id is missing")
    return cells
