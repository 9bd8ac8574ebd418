"""Tables and messages: aligned, coloured on a terminal only, messages on stderr."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rich.console import Console
    from rich.table import Table

__all__ = [
    "format_genres",
    "model_table",
    "print_json",
    "print_table",
    "printable",
    "say",
    "spoken",
    "stderr",
    "stdout",
    "table",
]

PLAIN_WIDTH = 160  # columns where the output is no terminal and COLUMNS says nothing, so that nothing is cut


def stdout() -> Console:
    """A console for what a command answers."""
    from rich.console import Console

    width = _width(sys.stdout)
    return Console(width=width, highlight=False, markup=False, emoji=False)


def stderr() -> Console:
    """A console for what happens meanwhile."""
    from rich.console import Console

    width = _width(sys.stderr)
    return Console(stderr=True, width=width, highlight=False, markup=False, emoji=False)


def _width(stream: TextIO) -> int | None:
    """Columns to fill; None leaves it to the terminal, or to COLUMNS."""
    return None if stream.isatty() or os.environ.get("COLUMNS", "").isdecimal() else PLAIN_WIDTH


def printable(text: object) -> str:
    """Text from a file as a terminal may see it: control characters and line ends replaced."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(text))


def say(message: str) -> None:
    """Tell what happens, on stderr."""
    stderr().print(printable(message), soft_wrap=True)


def spoken(*, quiet: bool) -> Callable[[str], None]:
    """`say`, or nothing."""
    return (lambda _: None) if quiet else say


def print_json(content: Any) -> None:
    """Print for machines."""
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n")


def table(columns: Mapping[str, str], rows: Iterable[Iterable[object]]) -> Table:
    """An aligned table.

    Args:
        columns: header of each column, and "left" or "right".
        rows: cells, as they are (`Text` keeps its style); None is an empty one.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for header, justify in columns.items():
        right = justify == "right"
        made.add_column(Text(printable(header)), justify="right" if right else "left", no_wrap=right)
    for row in rows:
        cells = ("" if cell is None else cell for cell in row)
        made.add_row(*(cell if isinstance(cell, Text) else Text(printable(cell)) for cell in cells))
    return made


def print_table(made: Table, title: str | None = None) -> None:
    """Print a table on stdout, under its title."""
    console = stdout()
    if title is not None:
        console.print(printable(title), style="bold", soft_wrap=True)
    console.print(made)


def format_genres(genres: list[str] | None) -> str:
    """Genres in one cell."""
    return ", ".join(genres or [])


def model_table(rows: Mapping[str, Mapping[str, Any]], names: Iterable[str]) -> Table:
    """The model and the baselines, a column each, the best figure of a metric marked; fits 80 columns.

    Args:
        rows: parts of result.json by model title.
        names: metrics to show.
    """
    from rich.text import Text

    lines: list[list[object]] = []
    for name in names:
        values = [part["metrics"]["test"][name] for part in rows.values()]
        best = max(values)
        marks = (("*", "bold") if value == best else (" ", "") for value in values)
        figures = [Text(f"{value:.4f}{mark}", style) for value, (mark, style) in zip(values, marks, strict=True)]
        lines.append([name, *figures])
    lines.append(["training", *(f"{part['seconds']['train']:.1f} s" for part in rows.values())])
    return table({"": "left", **dict.fromkeys(rows, "right")}, lines)
