"""`tastegraph reproduce`: published tables beside ours."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tastegraph.cli.terminal import print_json, say, spoken

if TYPE_CHECKING:
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.tutorial.records import Record
    from tastegraph.studies.tutorial.reproduction import Plan

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
    models: Annotated[
        str,
        typer.Option(
            metavar="A,B,...", help="Models to run, with each recipe's settings for them, as of compare; or all."
        ),
    ] = "lightgcn",
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
    """Run recipes from a clean start: select on validation, refit, score test once; record and table.

    States of a training are kept in OUT/unfinished meanwhile: the same command goes on with a run that was interrupted,
    and a run with a record in OUT, of this very code, data and settings, is not run again. Where the only validation
    would come after the last epoch there is nothing to select, and a published split is trained on once.
    """
    from tastegraph.files import write_whole
    from tastegraph.studies.benchmark_records import read_records
    from tastegraph.studies.benchmark_table import check_shown, table_of
    from tastegraph.studies.known_recipes import known_recipe, recipes_of_data
    from tastegraph.studies.models import known_models
    from tastegraph.studies.pages import check_page, write_into
    from tastegraph.studies.recipe import load_recipe

    chosen, wanted = known_models(models), {name: known_recipe(name) for name in only or recipes_of_data()}
    chosen_seeds, changed = _seeds(seeds), settings or []
    _check_unseeded(changed)
    # What would spoil the table is told before hours of training.
    runs = [
        (name, model, load_recipe(wanted[name], [*changed, *_seeded(model, seed)]))
        for name, model, seed in product(wanted, chosen, chosen_seeds)
    ]
    for name, _, recipe in runs:
        check_shown(name, recipe)
    _check_folder(out)
    read_records(out)
    if page is not None:
        check_page(page)
    records = [_run(name, model, recipe, changed, out, quiet=json) for name, model, recipe in runs]
    table = table_of(read_records(out))
    write_whole(out / "table.md", table)
    if page is not None:
        write_into(page, table)
    if json:
        print_json(records)
    else:
        typer.echo(table)


@app.command()
def tutorial(
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="One seed, 200 users, as many steps for every n: a first look.")
    ] = False,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="0,1,2", help="Seeds to run everything with; 0,1,2,3,4, or 0 with --quick."),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of a training of 200 users.")] = 100,
    epochs_of_all: Annotated[
        int, typer.Option("--epochs-of-all", min=0, help="Epochs with all users at n = 20; 0 leaves all users out.")
    ] = 25,
    out: Annotated[Path, typer.Option(help="Where records, tables, pictures and the report go.")] = Path(
        "runs/tutorial"
    ),
    data: Annotated[str, typer.Option(help="MovieLens 1M, or ratings to try it on.")] = "ml-1m",
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes beside one another; as many as cores.")] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="Begin no run after so long; go on another time.")
    ] = None,
    page: Annotated[Path | None, typer.Option(help="A page to write the tables into, and images/ beside it.")] = None,
    from_records: Annotated[
        bool, typer.Option("--from-records", help="Run nothing: make tables and report of the records in OUT.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the records.")] = False,
) -> None:
    """Run the course tutorial's experiments on MovieLens 1M, and write its tables with ours beside them.

    A run with a record in OUT, of this very code, data and settings, is not run again: what was interrupted goes on.
    """
    from tastegraph.studies.pages import check_page, write_into
    from tastegraph.studies.tutorial.page import BEGIN, END, figures_of
    from tastegraph.studies.tutorial.records import read_records
    from tastegraph.studies.tutorial.reproduction import Plan, write_folder, write_pictures
    from tastegraph.studies.tutorial.results import Results

    chosen = _seeds(seeds) if seeds is not None else [0] if quick else [0, 1, 2, 3, 4]
    if page is not None:
        check_page(page, BEGIN, END)
    plan = Plan(tuple(chosen), epochs, None if quick else epochs_of_all or None, same_steps=quick)
    records = read_records(out) if from_records else _run_plan(plan, out, data, jobs, minutes, quiet=json)
    results = Results(records)
    pictures = figures_of(results)
    table = write_folder(out, results, pictures)
    if page is not None:
        write_into(page, table, BEGIN, END)
        write_pictures(page.parent / "images", pictures)
    if json:
        print_json([{"setting": r.setting.model_dump(mode="json"), "seed": r.seed, **r.figures} for r in records])
    else:
        typer.echo(table)
        say(f"report: {out / 'report.html'}")


def _run_plan(
    plan: Plan, out: Path, source: str, jobs: int | None, minutes: float | None, *, quiet: bool
) -> list[Record]:
    from tastegraph.data.load import load
    from tastegraph.errors import RunError, needs_extra
    from tastegraph.studies.stopping import Stop
    from tastegraph.studies.tutorial.records import Shelf, code_digest
    from tastegraph.studies.tutorial.reproduction import check_users
    from tastegraph.studies.tutorial.side_by_side import run_all

    with needs_extra("the tutorial's PARAFAC", "compare"):
        import tensorly  # noqa: F401 (told now, not in the middle of all runs)
    dataset = load(source, spoken(quiet=quiet))
    check_users(dataset)
    shelf = Shelf(out, code_digest(), dataset.digest)
    seconds = None if minutes is None else 60 * minutes
    stop = Stop()
    stop.advice = "; the same command goes on"
    with stop.listening():
        whole = run_all(
            plan.tasks,
            shelf,
            source,
            jobs=jobs or _cores(),
            seconds=seconds,
            on_run=lambda step: None if quiet else say(step.line),
        )
    records = shelf.found(plan.tasks)
    if not records:
        raise RunError(f"{out}: no run was done in time; give it more --minutes")
    if not whole:
        say(f"{len(records)} of {len(plan.tasks)} runs are done; the same command goes on from there")
    return records


def _cores() -> int:
    """Those that this process may use."""
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _seeds(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and part.isascii() for part in parts) or len({int(part) for part in parts}) < len(
        parts
    ):
        message = f"expected different whole numbers from 0, separated by commas; found {text!r}"
        raise typer.BadParameter(message, param_hint="--seeds")
    return [int(part) for part in parts]


def _check_unseeded(changed: list[str]) -> None:
    """Refuse settings of seeds, which would be given another for each run."""
    for setting in changed:
        key = setting.partition("=")[0].strip()
        if key == "training.seed" or (key.startswith("models.") and key.endswith(".seed")):
            raise typer.BadParameter(f"{key} goes by --seeds", param_hint="--set")


def _seeded(model: str, seed: int) -> list[str]:
    """Settings that give a model, or those of a fusion, its seed."""
    from tastegraph.baselines.models import BASELINES
    from tastegraph.studies.fusions import parts_of

    drawn = [name for name in parts_of(model) if name in BASELINES and hasattr(BASELINES[name]().config, "seed")]
    return [f"training.seed={seed}", *(f"models.{name}.seed={seed}" for name in drawn)]


def _check_folder(out: Path) -> None:
    from tastegraph.errors import RunError
    from tastegraph.files import reason_of

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{out}: cannot be written ({reason_of(error)})") from error


def _run(name: str, model: str, recipe: Recipe, changed: list[str], out: Path, *, quiet: bool) -> dict[str, Any]:
    from tastegraph.cli.progress import TrainingProgress
    from tastegraph.studies.benchmark_records import record_path, record_there, write_record
    from tastegraph.studies.benchmarks import run_benchmark
    from tastegraph.studies.models import title_of
    from tastegraph.studies.stopping import Stop

    seed, stop = recipe.training.seed, Stop()
    place = record_path(out, name, model, seed, changed)
    there = record_there(place)
    if not quiet:
        say(f"{name}, {title_of(model)}, seed {seed}")
    with stop.listening(), TrainingProgress(recipe.evaluation.select, quiet=quiet) as progress:
        record = run_benchmark(
            name, recipe, progress, spoken(quiet=quiet), model,
            changed=changed, states=out / "unfinished", stop=stop, there=there,
        )  # fmt: skip
    if record is not there:
        write_record(record, out)
    elif not quiet:
        say(f"{place} is its record; remove it to run it again")
    if "missing" in record:
        kept = "" if there is None or "missing" in there else f"; {place}, its record, stays"
        say(f"{name}: not run here: {record['missing']}{kept}")
    return record
