"""`tastegraph reproduce`: published tables beside ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tastegraph.cli.terminal import print_json, say, spoken

__all__ = ["app"]

app = typer.Typer(help="Published tables beside ours.", no_args_is_help=True)


@app.callback()
def reproduce() -> None:
    """Published tables beside ours."""


@app.command()
def benchmarks(
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(help="A recipe that comes along, such as gowalla; may be repeated. All of them by default."),
    ] = None,
    seeds: Annotated[str, typer.Option(metavar="0,1,2", help="Seeds to run each recipe with.")] = "0",
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting changed in every recipe.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the records go, and table.md, which is made of all of them.")] = Path(
        "runs/benchmarks"
    ),
    page: Annotated[
        Path | None, typer.Option(help="A page to write the table into as well, between its two comments.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the records.")] = False,
) -> None:
    """Run recipes from a clean start: select on validation, refit, score test once; record and table."""
    from tastegraph.errors import RecipeError
    from tastegraph.files import write_whole
    from tastegraph.studies.benchmarks import read_records, table_of, write_into, write_record
    from tastegraph.studies.known_recipes import known_recipes

    known = known_recipes()
    wanted = only or list(known)
    for name in wanted:
        if name not in known:
            raise RecipeError(f"{name}: no recipe that comes along; known are {', '.join(known)}")
    records = []
    for name in wanted:
        for seed in _seeds(seeds):
            record = _run(name, known[name], [*(settings or []), f"training.seed={seed}"], quiet=json)
            write_record(record, out)
            records.append(record)
    table = table_of(read_records(out))
    write_whole(out / "table.md", table)
    if page is not None:
        write_into(page, table)
    if json:
        print_json(records)
    else:
        typer.echo(table)


def _seeds(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        message = f"expected whole numbers, separated by commas; found {text!r}"
        raise typer.BadParameter(message, param_hint="--seeds") from None


def _run(name: str, path: Path, settings: list[str], *, quiet: bool) -> dict[str, Any]:
    from tastegraph.cli.progress import TrainingProgress
    from tastegraph.studies.benchmarks import run_benchmark
    from tastegraph.studies.recipe import load_recipe

    recipe = load_recipe(path, settings)
    if not quiet:
        say(f"{name}, seed {recipe.training.seed}")
    with TrainingProgress(recipe.evaluation.select, quiet=quiet) as progress:
        record = run_benchmark(name, recipe, progress, spoken(quiet=quiet))
    if "missing" in record:
        say(f"{name}: not run here: {record['missing']}")
    return record
