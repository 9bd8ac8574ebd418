"""Tables and messages: aligned, coloured on a terminal only, messages on stderr."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rich.console import Console
    from rich.table import Table

__all__ = [
    "format_genres",
    "model_table",
    "print_json",
    "print_table",
    "say",
    "spoken",
    "stderr",
    "table",
]

PLAIN_WIDTH = 160  # columns where the output is no terminal, so that nothing is cut


def stdout() -> Console:
    """A console for what a command answers."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False)


def stderr() -> Console:
    """A console for what happens meanwhile."""
    from rich.console import Console

    return Console(stderr=True, width=None if sys.stderr.isatty() else PLAIN_WIDTH, highlight=False)


def say(message: str) -> None:
    """Tell what happens, on stderr."""
    from rich.markup import escape

    stderr().print(escape(message), soft_wrap=True)


def spoken(*, quiet: bool) -> Callable[[str], None]:
    """`say`, or nothing."""
    return (lambda _: None) if quiet else say


def print_json(content: Any) -> None:
    """Print for machines."""
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n")


def table(columns: Mapping[str, str], rows: Iterable[Iterable[object]], title: str | None = None) -> Table:
    """An aligned table.

    Args:
        columns: header of each column, and "left" or "right".
        rows: cells; None is an empty one.
        title: printed above.
    """
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for header, justify in columns.items():
        made.add_column(header, justify="right" if justify == "right" else "left", no_wrap=justify == "right")
    for row in rows:
        made.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    return made


def print_table(made: Table) -> None:
    """Print a table on stdout."""
    stdout().print(made)


def format_genres(genres: list[str] | None) -> str:
    """Genres in one cell."""
    return ", ".join(genres or [])


def model_table(rows: Mapping[str, Mapping[str, Any]], names: Iterable[str], protocol: str) -> Table:
    """The model and the baselines, a row each, the best figure of a column marked.

    Args:
        rows: parts of result.json by model title.
        names: metrics to show.
        protocol: named in the title.
    """
    from rich.text import Text

    shown = list(names)
    best = {name: max(part["metrics"]["test"][name] for part in rows.values()) for name in shown}
    columns = {"model": "left", **dict.fromkeys(shown, "right"), "training": "right"}
    made = table(columns, [], f"Test, protocol {protocol} (* best of a column)")
    for title, part in rows.items():
        cells = [Text(title)]
        for name in shown:
            value = part["metrics"]["test"][name]
            marked = value == best[name]
            cells.append(Text(f"{value:.4f}{'*' if marked else ' '}", style="bold" if marked else ""))
        made.add_row(*cells, f"{part['seconds']['train']:.1f} s")
    return made
