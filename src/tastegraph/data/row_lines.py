"""The lines that rows of a file stand in: a slow second reading, to say which are at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tastegraph.data.delimited import understand
from tastegraph.data.line_faults import records
from tastegraph.data.opened import STDIN, opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tastegraph.data.opened import Opened
    from tastegraph.data.options import ColumnOptions

__all__ = ["lines_of_rows"]


def lines_of_rows(path: Path, chosen: ColumnOptions, rows: Sequence[int]) -> list[int] | None:
    """The line of each row (from 0, ascending, blank lines not counted) of a ratings file.

    None where there are no lines to name: a folder, standard input, Parquet.
    """
    if str(path) == STDIN or path.is_dir():
        return None
    with opened(path) as file:
        if file.form == "parquet":
            return None
        wanted = set(rows)
        return [line for row, line in enumerate(_lines(file, chosen)) if row in wanted]


def _lines(file: Opened, chosen: ColumnOptions) -> Iterator[int]:
    """The line of each row."""
    if file.form == "json lines":
        with file.path.open("rb") as text:
            yield from (line for line, row in enumerate(text, start=1) if row.strip())
        return
    layout = understand(file.path, chosen, dat=file.shown.suffix == ".dat")
    for number, (line, fields) in enumerate(records(file.path, layout)):
        if "".join(fields).strip() and not (layout.header and number == 0):
            yield line
