"""`tastegraph tune`: a search for settings on validation."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tastegraph.cli.device import Device, check_device
from tastegraph.cli.reading import Data, Reading, reads_ratings
from tastegraph.cli.telling import tell_reading, tell_warnings
from tastegraph.cli.terminal import print_json, print_table, spoken, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tastegraph.cli.progress import TrainingProgress
    from tastegraph.studies.search import Search, Tuned
    from tastegraph.studies.trial import Trial
    from tastegraph.studies.tuning import Runner
    from tastegraph.studies.tuning_folder import Asked

    Where = tuple[str | None, int | None, str]

__all__ = ["tune"]

TRIALS = 20
WIDE = "Many trials, many machines"


@reads_ratings
def tune(
    data: Data = None,
    *,
    models: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Models to tune: lightgcn (the default), mf, ease, ...; or all."),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(min=1, help=f"Settings to try of each model, the recipe's among them; {TRIALS} by default."),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0, help="No trial of a model begins after so many; no limit by default.")
    ] = None,
    pruner: Annotated[
        Literal["median", "halving", "none"] | None,
        typer.Option(
            help="Give up on trainings whose validation is below the median of the others' (the default), or by "
            "successive halving, or never."
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="A recipe that comes along, such as ml-1m, or a TOML file."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting, such as evaluation.select=recall@20."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for recipe and trials; runs/tune-NAME (or -2, ...) by default.")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Go on with a search that was ended, or with more --trials or --seconds."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a search that is there.")] = False,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Keep trials in sqlite:///FILE or postgresql://USER@HOST/NAME; a file in the folder by default.",
            rich_help_panel=WIDE,
        ),
    ] = None,
    study: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The search's name in the storage, the folder's by default: whoever names the same joins in.",
            rich_help_panel=WIDE,
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Run trials on Ray: local starts one here; HOST:PORT, ray://HOST:PORT or auto is a cluster.",
            rich_help_panel=WIDE,
        ),
    ] = None,
    at_once: Annotated[
        int | None,
        typer.Option(min=1, help="Trials at a time on Ray; by default one a processor.", rich_help_panel=WIDE),
    ] = None,
    device: Device = "cpu",
    json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
    reading: Reading,
) -> None:
    """Search the settings of one or more models, the same budget each, for the highest validation metric.

    The test part is not looked at. The recipe that comes out is for `train --recipe` and `compare --recipe`.
    """
    from dataclasses import replace

    from tastegraph.studies.folder import check_folder
    from tastegraph.studies.known_recipes import check_data_named, recipe_path
    from tastegraph.studies.models import known_single_models
    from tastegraph.studies.recipe import load_recipe
    from tastegraph.studies.search import Budget
    from tastegraph.studies.tuning_folder import Asked, asked_in

    check_device(device)
    if device != "cpu" and ray is not None:
        raise typer.BadParameter("goes without --ray", param_hint="--device")
    if at_once is not None and ray is None:
        raise typer.BadParameter("goes with --ray", param_hint="--at-once")
    if resume is not None:
        told = {"DATA": data, "--models": models, "--recipe": recipe, "--set": settings, "--out": out, "--study": study}
        if also := [name for name, value in {**told, "--pruner": pruner, **reading}.items() if value]:
            raise typer.BadParameter(f"the search has its own; goes without {also[0]}", param_hint="--resume")
        asked = asked_in(resume)
        budget = Budget(trials or asked.budget.trials, asked.budget.seconds if seconds is None else seconds)
        asked = replace(asked, budget=budget, storage=storage or asked.storage)
    else:
        check_data_named(recipe, data, settings or [])
        resolved = load_recipe(recipe_path(recipe), settings or [], data, reading)
        names = known_single_models("lightgcn" if models is None else models, "what is tuned")
        asked = Asked(resolved, names, Budget(trials or TRIALS, seconds), pruner or "median", storage, study)
        if out is not None:
            check_folder(out, force=force)
    _search_and_show(asked, out, resume, (ray, at_once, device), force=force, json=json)


def _search_and_show(
    asked: Asked, out: Path | None, resume: Path | None, where: Where, *, force: bool, json: bool
) -> None:
    from tastegraph.data.load import load
    from tastegraph.studies.folder import free_folder
    from tastegraph.studies.memory import check_reading
    from tastegraph.studies.trial import Trial

    recipe = asked.recipe
    _check_where(asked.storage, where[0])
    check_reading(recipe.data.source)
    dataset = load(recipe.data.source, spoken(quiet=json), recipe.data.reading)
    trial = Trial.of(dataset, recipe)
    if not json:
        tell_reading(dataset, recipe, len(trial.split.positives), trial.removed)
        tell_warnings(dataset, recipe, trial.split)

    from tastegraph.cli.progress import TrainingProgress
    from tastegraph.graph.devices import device_of
    from tastegraph.studies.tuning_folder import go_on_into, tune_into

    folder = resume or out or free_folder(Path("runs") / f"tune-{dataset.name}")
    with (
        TrainingProgress(recipe.evaluation.select, quiet=json) as progress,
        _runner(where, trial, progress) as runner,
        _stopped(folder, resume) as kept,
    ):
        run = _noting(runner, kept)
        if resume is not None:
            found = go_on_into(folder, asked, dataset, trial, progress, run=run)
        else:
            found = tune_into(folder, asked, dataset, trial, progress, force=force, run=run, device=device_of(where[2]))
    if json:
        print_json({name: vars(one) for name, one in found.items()})
    else:
        _show(found, recipe.evaluation.select, folder)


def _check_where(storage: str | None, ray: str | None) -> None:
    """Refuse, before the data are read, a storage and a Ray that cannot be reached."""
    if storage is not None:
        from tastegraph.studies.search_storage import check_storage

        check_storage(storage)
    if ray is not None:
        from tastegraph.studies.on_ray import check_ray

        check_ray(ray)


@contextmanager
def _runner(where: Where, trial: Trial, progress: TrainingProgress) -> Iterator[Runner]:
    """Runs trials in this process, on some device, or on Ray: its address, and how many at once."""
    address, at_once, device = where
    if address is None:
        from tastegraph.graph.devices import device_of
        from tastegraph.studies.tuning import here

        yield here(trial, progress, device_of(device))
        return

    from tastegraph.studies.on_ray import on_ray

    with on_ray(address, trial, progress, at_once) as runner:
        yield runner


@contextmanager
def _stopped(folder: Path, resume: Path | None) -> Iterator[Callable[[], None]]:
    """A signal ends the search at once; once a trial is kept (which is told by a call) the line says how to go on."""
    from tastegraph.studies.stopping import Stop

    stop = Stop()

    def kept() -> None:
        stop.advice = f"; go on with: tastegraph tune --resume {shlex.quote(str(folder))}"

    if resume is not None:
        kept()
    with stop.listening():
        yield kept


def _noting(run: Runner, kept: Callable[[], None]) -> Runner:
    """The same runner; `kept` is called after each trial."""

    def noting(search: Search, done: Callable[[], None]) -> None:
        def both() -> None:
            done()
            kept()

        run(search, both)

    return noting


def _show(found: Mapping[str, Tuned], select: str, folder: Path) -> None:
    from tastegraph.studies.models import title_of

    rows = [
        [title_of(name), f"{one.value:.4f}", one.trials, one.pruned, f"{one.seconds:.0f}", _in_words(one)]
        for name, one in found.items()
    ]
    columns = {"model": "left", select: "right", "trials": "right", "given up": "right", "seconds": "right"}
    print_table(table({**columns, "best settings": "left"}, rows), "Validation, the best trial of each model")
    recipe = folder / "recipe.toml"
    typer.echo(f"recipe: {recipe}\ntrials: {folder / 'trials.jsonl'}\ncompare: tastegraph compare --recipe {recipe}")


def _in_words(one: Tuned) -> str:
    short = (f"{value:.4g}" if isinstance(value, float) else str(value) for value in one.settings.values())
    return ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in zip(one.settings, short, strict=True))
