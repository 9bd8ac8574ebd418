"""A case's figures as tables on the terminal."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from benchmarks.record import Result

__all__ = ["disturbed", "figure", "show"]

QUIET = 0.05  # of the processors' time: above it, figures are not to be trusted


def figure(value: float) -> str:
    """Three significant digits, no exponent."""
    digits = max(0, 2 - len(str(int(abs(value))).lstrip("0"))) if abs(value) < 100 else 0
    return f"{value:,.{digits + (1 if abs(value) < 100 else 0)}f}"


def show(result: Result, console: Console, *, quick: bool = False) -> None:
    """Print the rows of each group, the targets and the notes; figures of a quick run mean nothing, and it is said."""
    if quick:
        console.print("A quick run: it shows that the case runs. Its figures and ratios mean nothing.")
    for group, rows in groupby(result.rows, key=lambda row: row.group):
        table = Table(title=f"{result.title}: {group}", title_justify="left")
        table.add_column("")
        for heading in ("median", "min", "max", "unit", "runs", "x ours"):
            table.add_column(heading, justify="right")
        for row in rows:
            ratio = "" if row.ratio_to_ours is None else figure(row.ratio_to_ours)
            numbers = (figure(row.median), figure(row.min), figure(row.max))
            table.add_row(row.name, *numbers, row.unit, str(row.runs), ratio)
        console.print(table)
    for target in result.targets:
        word = "no verdict (quick run)" if quick else "met" if target.met else "MISSED"
        console.print(
            f"{word}: {figure(target.measured)} {target.what} (target {target.comparison} {figure(target.bound)})"
        )
    for note in result.notes:
        console.print(note)
    console.print(disturbed(result.others))
    console.print()


def disturbed(share: float) -> str:
    """A sentence on what other programs took of the processors meanwhile."""
    advice = "" if share <= QUIET else ": repeat the case on a quiet machine"
    return f"Other programs took {share:.0%} of the processors' time{advice}."
