"""`tastegraph train`: a run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tastegraph.cli.reading import (
    Delimiter,
    ItemColumn,
    ItemFeatures,
    NoHeader,
    PartColumn,
    RatingColumn,
    TimeColumn,
    UserColumn,
    UserFeatures,
    recipe_keys,
)
from tastegraph.cli.terminal import model_table, print_json, print_table, say, spoken

if TYPE_CHECKING:
    from tastegraph.data.load import Dataset
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.trial import Trial

__all__ = ["print_result", "run_and_show", "train"]


def train(
    data: Annotated[
        str | None,
        typer.Argument(help="A known data set's name, a path, or - for standard input; the recipe's data by default."),
    ] = None,
    *,
    recipe: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="A recipe that comes along, such as gowalla, or a TOML file."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A setting, such as training.epochs=5; may be repeated.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run directory; runs/NAME (or NAME-2, ...) by default.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a run that is there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print result.json.")] = False,
    user_column: UserColumn = None,
    item_column: ItemColumn = None,
    rating_column: RatingColumn = None,
    time_column: TimeColumn = None,
    part_column: PartColumn = None,
    delimiter: Delimiter = None,
    no_header: NoHeader = False,
    item_features: ItemFeatures = None,
    user_features: UserFeatures = None,
) -> None:
    """Split, train, validate, test and save: LightGCN and its baselines."""
    from tastegraph.data.load import load
    from tastegraph.studies.folder import check_folder, free_folder
    from tastegraph.studies.known_recipes import recipe_path
    from tastegraph.studies.recipe import load_recipe

    options = recipe_keys(
        user_column,
        item_column,
        rating_column,
        time_column,
        part_column,
        delimiter,
        no_header,
        item_features,
        user_features,
    )
    resolved = load_recipe(recipe_path(recipe) if recipe else None, settings or [], data, options)
    if out is not None:
        check_folder(out, force=force)
    began = time.perf_counter()
    dataset = load(resolved.data.source, spoken(quiet=json), resolved.data.reading)
    load_seconds = time.perf_counter() - began
    folder = out or free_folder(Path("runs") / dataset.name)
    run_and_show(resolved, dataset, folder, load_seconds=load_seconds, force=force, json=json)


def run_and_show(
    recipe: Recipe, dataset: Dataset, folder: Path, *, load_seconds: float, force: bool, json: bool = False
) -> None:
    """Run a recipe on loaded data and print what it came to."""
    from tastegraph.cli.progress import TrainingProgress
    from tastegraph.studies.trial import Trial

    trial = Trial.of(dataset, recipe)  # what cannot be judged is told before torch is even imported
    if not json:
        _tell(dataset, recipe, trial)

    from tastegraph.studies.run import run

    with TrainingProgress(recipe.evaluation.select, quiet=json) as progress:
        result = run(recipe, dataset, folder, progress, trial=trial, load_seconds=load_seconds, force=force)
    if json:
        print_json(result)
    else:
        print_result(result, folder)


def _tell(dataset: Dataset, recipe: Recipe, trial: Trial) -> None:
    """How the source was read, what cleaning removed, and what is to be known of the split."""
    say(_describe(dataset, recipe, len(trial.split.positives)))
    for step in trial.removed:
        if not step.step.startswith("threshold"):
            say(f"cleaning, {step}")
    test = trial.final.split.test
    if test.cold or test.strangers:
        say(f"test pairs that the fit part cannot know: {test.cold:,} of new items, {test.strangers:,} of new users")
    if recipe.split.warning is not None and dataset.published_test is None:
        say(f"warning: {recipe.split.warning}")


def _describe(dataset: Dataset, recipe: Recipe, positives: int) -> str:
    rated = dataset.interactions
    kept = f"positives: {positives:,}"
    if rated.value is not None and recipe.threshold is not None:
        kept += f" (rating >= {recipe.threshold:g})"
    dropped = f"; {dataset.duplicates:,} duplicate rows dropped" if dataset.duplicates else ""
    return (
        f"{dataset.name}: {len(rated):,} interactions of {len(rated.users):,} users with {len(rated.items):,} items "
        f"({dataset.understood}{dropped}); {kept}"
    )


def print_result(result: dict[str, Any], folder: Path) -> None:
    """The table of the model and the baselines, LightGCN's lead, and where the report lies."""
    from tastegraph.studies.titles import TITLES, rows_of

    names = [f"{name}@{k}" for k in sorted(set(result["k"])) for name in ("recall", "precision", "ndcg")]
    print_table(model_table(rows_of(result), names), f"Test, protocol {result['protocol']} (* best)")
    shown = names[2]
    judged, learned = result["users"]["test"], result["data"]["fit"]["users"]
    if judged < learned:
        typer.echo(f"{learned - judged:,} of {learned:,} users have no like held out for test and are not judged")
    for name, part in result["baselines"].items():
        low, high = part["lead"][shown]["interval"]
        verdict = "ahead of" if low > 0 else "behind" if high < 0 else "not distinguishable from"
        typer.echo(
            f"LightGCN is {verdict} {TITLES[name]}: test {shown} {part['lead'][shown]['mean']:+.4f}, "
            f"95 % interval {low:+.4f} to {high:+.4f} over {result['users']['test']:,} users"
        )
    typer.echo(f"run:    {folder}\nreport: {folder / 'report.html'}")
