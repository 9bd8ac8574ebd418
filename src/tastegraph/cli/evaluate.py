"""`tastegraph evaluate`: the metrics of a saved run, again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tastegraph.cli.terminal import print_json, print_table, table

__all__ = ["evaluate"]


def evaluate(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    *,
    k: Annotated[
        str | None,
        typer.Option("--k", metavar="10,20", help="Lengths of the lists; the run's by default."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Recompute the test metrics of a saved run from its model, with 95 % intervals over users."""
    from tastegraph.studies.evaluate import evaluate as evaluate_run

    result = evaluate_run(run, None if k is None else _lengths(k))
    if json:
        print_json(result)
        return
    metrics, intervals = result["metrics"]["test"], result["intervals"]["test"]
    rows = ([name, f"{value:.4f}", "{:.4f} to {:.4f}".format(*intervals[name])] for name, value in metrics.items())
    print_table(
        table({"metric": "left", "test": "right", "95 % interval": "right"}, rows),
        f"{run}, protocol {result['protocol']}, {result['users']['test']:,} users",
    )


def _lengths(text: str) -> list[int]:
    try:
        lengths = [int(part) for part in text.split(",")]
    except ValueError:
        lengths = [0]
    if min(lengths) < 1:
        raise typer.BadParameter(
            f"expected whole numbers from 1, separated by commas; found {text!r}", param_hint="--k"
        )
    return lengths
