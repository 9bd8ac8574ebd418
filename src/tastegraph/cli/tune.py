"""`tastegraph tune`: a search for settings on validation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tastegraph.cli.reading import Data, Reading, reads_ratings
from tastegraph.cli.telling import tell_reading, tell_warnings
from tastegraph.cli.terminal import print_json, print_table, spoken, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tastegraph.studies.tuning import Tuned

__all__ = ["tune"]


@reads_ratings
def tune(
    data: Data = None,
    *,
    models: Annotated[
        str, typer.Option(metavar="A,B,...", help="Models to tune: lightgcn, mf, ease, ...; or all.")
    ] = "lightgcn",
    trials: Annotated[int, typer.Option(min=1, help="Settings to try of each model, the recipe's among them.")] = 20,
    seconds: Annotated[
        float | None, typer.Option(min=0, help="No trial of a model begins after so many; no limit by default.")
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
    force: Annotated[bool, typer.Option("--force", help="Replace a search that is there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
    reading: Reading,
) -> None:
    """Search the settings of one or more models, the same budget each, for the highest validation metric.

    The test part is not looked at. The recipe that comes out is for `train --recipe` and `compare --recipe`.
    """
    from tastegraph.data.load import load
    from tastegraph.studies.folder import check_folder, free_folder
    from tastegraph.studies.known_recipes import recipe_path
    from tastegraph.studies.models import known_models
    from tastegraph.studies.recipe import load_recipe
    from tastegraph.studies.trial import Trial

    names = known_models(models)
    resolved = load_recipe(recipe_path(recipe), settings or [], data, reading)
    if out is not None:
        check_folder(out, force=force)
    dataset = load(resolved.data.source, spoken(quiet=json), resolved.data.reading)
    folder = out or free_folder(Path("runs") / f"tune-{dataset.name}")
    trial = Trial.of(dataset, resolved)
    if not json:
        tell_reading(dataset, resolved, len(trial.split.positives), trial.removed)
        tell_warnings(dataset, resolved, trial.split)

    from tastegraph.cli.progress import TrainingProgress
    from tastegraph.studies.tuning import Budget
    from tastegraph.studies.tuning_folder import tune_into

    with TrainingProgress(resolved.evaluation.select, quiet=json) as progress:
        found = tune_into(folder, resolved, dataset, trial, names, Budget(trials, seconds), progress, force=force)
    if json:
        print_json({name: vars(one) for name, one in found.items()})
    else:
        _show(found, resolved.evaluation.select, folder)


def _show(found: Mapping[str, Tuned], select: str, folder: Path) -> None:
    from tastegraph.studies.models import title_of

    rows = [
        [title_of(name), f"{one.value:.4f}", one.trials, f"{one.seconds:.0f}", _in_words(one)]
        for name, one in found.items()
    ]
    columns = {"model": "left", select: "right", "trials": "right", "seconds": "right", "best settings": "left"}
    print_table(table(columns, rows), "Validation, the best trial of each model")
    recipe = folder / "recipe.toml"
    typer.echo(f"recipe: {recipe}\ntrials: {folder / 'trials.jsonl'}\ncompare: tastegraph compare --recipe {recipe}")


def _in_words(one: Tuned) -> str:
    short = (f"{value:.4g}" if isinstance(value, float) else str(value) for value in one.settings.values())
    return ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in zip(one.settings, short, strict=True))
