"""`tastegraph runs`: runs side by side."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tastegraph.cli.terminal import print_json, print_table, say, stdout, table
from tastegraph.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tastegraph.studies.run_summaries import RunSummary

__all__ = ["runs"]

GAP = 3  # between two columns
SHOWN = 12  # differing settings, at most, in the table; --json has all


def runs(
    places: Annotated[
        list[Path] | None, typer.Argument(metavar="[RUN|FOLDER]...", help="Runs, or folders of runs; runs/ by default.")
    ] = None,
    *,
    sort: Annotated[
        str | None, typer.Option(metavar="METRIC", help="The highest first, such as ndcg@10; by name otherwise.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Read every file: with digests.json of a finished run, and checkpoints of another."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List runs: how far each came and what it came to, and where their settings differ.

    The exit code is 1 where a run is damaged.
    """
    from tastegraph.studies.run_summaries import differing_settings, find_runs, summary_of

    where = places or [Path("runs")]
    found = [summary_of(path, check=check) for path in find_runs(where)]
    if not found:
        raise RunError(f"{' '.join(map(str, where))}: no run there; tastegraph train makes one")
    if sort is not None:
        found = _sorted(found, sort)
    differing = differing_settings([run for run in found if run.settings])
    if json:
        print_json({"runs": [_as_json(run) for run in found], "settings": differing})
    else:
        _print(found, differing, sort)
    if any(run.state == "damaged" for run in found):
        raise typer.Exit(1)


def _sorted(found: Sequence[RunSummary], metric: str) -> list[RunSummary]:
    known = sorted({name for run in found for name in run.metrics})
    if metric not in known:
        raise RunError(f"no run has the test metric {metric}; there are {', '.join(known) or 'none'}")
    return sorted(found, key=lambda run: -run.metrics.get(metric, -1.0))


def _as_json(run: RunSummary) -> dict[str, Any]:
    return {**asdict(run), "path": str(run.path)}


def _print(found: Sequence[RunSummary], differing: dict[str, list[Any]], sort: str | None) -> None:
    selects = list(dict.fromkeys([*([sort] if sort else []), *(run.select for run in found if run.select)]))
    columns = {"run": "left", "data": "left", "state": "left", "best epoch": "right", "validation": "right"}
    columns |= {f"test {name}": "right" for name in selects if name != "validation"}
    rows = [
        [run.path, run.data, run.state if run.state != "unfinished" else f"{run.state}, {run.why}", run.best_epoch]
        + [_figure(run.metrics.get("validation"))]
        + [_figure(run.metrics.get(name)) for name in selects if name != "validation"]
        + [None if run.seconds is None else f"{run.seconds:.1f} s", run.when]
        for run in found
    ]
    print_table(table({**columns, "training": "right", "when (UTC)": "left"}, rows))
    with_settings = [run for run in found if run.settings]
    if differing and len(with_settings) > 1:
        shown = dict(list(differing.items())[:SHOWN])
        names = [str(run.path) for run in with_settings]
        for part in _that_fit(names, shown):
            columns = {"setting": "left", **dict.fromkeys(names[part], "right")}
            print_table(table(columns, ([key, *values[part]] for key, values in shown.items())), "Settings")
        if len(differing) > len(shown):
            say(f"{len(differing) - len(shown):,} more settings differ; --json has all")
    for run in found:
        if run.state == "damaged":
            say(f"{run.path}: damaged: {run.why}")


def _that_fit(names: Sequence[str], settings: Mapping[str, Sequence[Any]]) -> list[slice]:
    """Runs that a table of settings has room for beside one another, the others in further tables."""
    room = stdout().width - max(map(len, settings))
    parts, begin, taken = [], 0, 0
    for at, name in enumerate(names):
        width = GAP + max(len(name), *(len(str(values[at])) for values in settings.values()))
        if at > begin and taken + width > room:
            parts.append(slice(begin, at))
            begin, taken = at, 0
        taken += width
    return [*parts, slice(begin, len(names))]


def _figure(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}"
