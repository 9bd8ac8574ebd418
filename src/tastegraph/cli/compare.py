"""`tastegraph compare`: LightGCN and the baselines under one protocol."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tastegraph.cli.device import Device, check_device
from tastegraph.cli.protocol_options import Negatives, Protocol, lengths_of
from tastegraph.cli.reading import Data, Reading, reads_ratings
from tastegraph.cli.telling import tell_reading, tell_warnings
from tastegraph.cli.terminal import print_json, print_table, say, spoken, table

if TYPE_CHECKING:
    from tastegraph.studies.comparison import Comparison

__all__ = ["compare"]

Form = Literal["table", "csv", "latex", "markdown", "json"]


@reads_ratings
def compare(
    data: Data = None,
    *,
    models: Annotated[
        str,
        typer.Option(
            metavar="A,B,...",
            help="Models to compare: lightgcn, mf, ease, lightgcn+ease (one list of both), ...; or all.",
        ),
    ] = "all",
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Settings of all models: a recipe that comes along, or a TOML file; the one named as DATA by default.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting, such as models.ease.l2=300; may be repeated."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Splits and trainings, each with its own seed.")] = 1,
    k: Annotated[
        str | None, typer.Option("--k", metavar="10,20", help="Lengths of the lists; the recipe's by default.")
    ] = None,
    protocol: Protocol = "full-ranking",
    negatives: Negatives = 100,
    out: Annotated[
        Path | None, typer.Option(help="Folder for report and tables; runs/compare-NAME (or -2, ...) by default.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a comparison that is there.")] = False,
    device: Device = "cpu",
    form: Annotated[Form, typer.Option("--format", help="What to print.")] = "table",
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    reading: Reading,
) -> None:
    """Fit LightGCN and the baselines on the same splits and judge them by one protocol, with tests and intervals."""
    from tastegraph.data.load import load
    from tastegraph.studies.folder import check_folder, free_folder
    from tastegraph.studies.known_recipes import better_than_defaults, check_data_named, recipe_path, recipes_of_data
    from tastegraph.studies.manner import Manner
    from tastegraph.studies.memory import check_reading
    from tastegraph.studies.models import LIGHTGCN, known_models
    from tastegraph.studies.recipe import Recipe, load_recipe
    from tastegraph.studies.trial import Trial

    check_device(device)
    form = "json" if json else form
    names = known_models(models)
    manner = Manner(None if k is None else lengths_of(k), protocol, negatives)
    check_data_named(recipe, data, settings or [])
    data = data or (Recipe().data.source if recipe is None else None)
    recipe = recipe or (data if data in recipes_of_data() else None)
    resolved = load_recipe(recipe_path(recipe), settings or [], data, reading)
    origin = f"recipe {recipe}" if recipe else "defaults, not tuned on these data"
    if out is not None:
        check_folder(out, force=force)
    check_reading(resolved.data.source)
    dataset = load(resolved.data.source, spoken(quiet=form != "table"), resolved.data.reading)
    folder = out or free_folder(Path("runs") / f"compare-{dataset.name}")
    trial = Trial.of(dataset, resolved)  # what cannot be judged is told before torch is even imported
    if form == "table":
        tell_reading(dataset, resolved, len(trial.split.positives), trial.removed)
        tell_warnings(dataset, resolved, trial.split)
        say(f"settings: {origin}")
        if recipe is None and not settings and data is not None and LIGHTGCN in names:
            say(f"hint: {better_than_defaults(data)}")

    from tastegraph.cli.progress import TrainingProgress
    from tastegraph.graph.devices import device_of
    from tastegraph.studies.comparison_folder import compare_into

    with TrainingProgress(resolved.evaluation.select, quiet=form != "table") as progress:
        found = compare_into(
            folder,
            resolved,
            dataset,
            names,
            manner,
            progress,
            seeds=seeds,
            origin=origin,
            trial=trial,
            force=force,
            device=device_of(device),
        )
    _print(found, form, folder)


def _print(found: Comparison, form: Form, folder: Path) -> None:
    from tastegraph.studies.comparison_tables import to_csv, to_latex, to_markdown

    if form == "table":
        _show(found.result, folder)
    elif form == "json":
        print_json(found.result)
    else:
        typer.echo({"csv": to_csv, "latex": to_latex, "markdown": to_markdown}[form](found.result), nl=False)


def _show(result: dict[str, Any], folder: Path) -> None:
    from tastegraph.studies.comparison_tables import caption_of, cells_of, verdicts_of

    title: str | None = caption_of(result)
    for k in sorted(result["k"]):  # a block each: with their spreads, all columns are too many for a terminal
        header, rows = cells_of(result, k)
        print_table(table({name: "right" if at else "left" for at, name in enumerate(header)}, rows), title)
        title = None
    for line in verdicts_of(result):
        typer.echo(line)
    for warning in result["warnings"]:
        say(f"warning: {warning}")
    typer.echo(f"comparison: {folder}\nreport:     {folder / 'report.html'}")
