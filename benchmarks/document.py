"""The pages' tables of the recorded runs, each between two comments."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from benchmarks.screen import disturbed, figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.record import Result

__all__ = ["render", "write_into"]


def write_into(page: Path, results: Sequence[Result], *, name: str = "benchmarks", level: int = 2) -> None:
    """Replace what stands between a page's comments `NAME: begin` and `NAME: end`; headings are of `level`.

    Raises:
        ValueError: the page lacks one of them.
    """
    begin, end = (f"<!-- {name}: {which} -->" for which in ("begin", "end"))
    text = page.read_text(encoding="utf-8")
    if begin not in text or end not in text:
        raise ValueError(f"{page.name} needs the lines {begin} and {end}")
    before, after = text.partition(begin)[0], text.partition(end)[2]
    page.write_text(f"{before}{begin}\n\n{render(results, level)}\n{end}{after}", encoding="utf-8")


def render(results: Sequence[Result], level: int) -> str:
    """All targets in one table, then each case's figures."""
    lines = []
    if any(result.targets for result in results):
        lines = [f"{'#' * level} Targets", "", "| case | what | target | measured | met |", "|---|---|---:|---:|---|"]
    for result in results:
        for target in result.targets:
            bound = f"{'≥' if target.comparison == '>=' else '≤'} {figure(target.bound)}"
            met = "yes" if target.met else "**no**"
            lines.append(f"| {result.case} | {target.what} | {bound} | {figure(target.measured)} | {met} |")
    for result in results:
        lines += ["", *_case(result, level)]
    return "\n".join(lines) + "\n"


def _case(result: Result, level: int) -> Iterator[str]:
    yield from (
        f"{'#' * level} {result.title}",
        "",
        f"`{result.command}`, on {_machine(result)}. {disturbed(result.others)}",
    )
    for group, rows in groupby(result.rows, key=lambda row: row.group):
        yield from ("", f"| {group} | median | min to max | runs | x ours |", "|---|---:|---:|---:|---:|")
        for row in rows:
            ratio = "" if row.ratio_to_ours is None else figure(row.ratio_to_ours)
            spread = f"{figure(row.min)} to {figure(row.max)}" if row.runs > 1 else ""
            yield f"| {row.name} | {figure(row.median)} {row.unit} | {spread} | {row.runs} | {ratio} |"
    for note in result.notes:
        yield from ("", note)
    if result.case == "scaling":
        yield from ("", "![The cost curve](../benchmarks/results/scaling.svg)")


def _machine(result: Result) -> str:
    machine, versions = result.machine, result.versions
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['threads']} threads, "
        f"torch {versions['torch']}, PyG {versions['torch-geometric']}, NumPy {versions['numpy']}, "
        f"numba {versions['numba']}"
    )
