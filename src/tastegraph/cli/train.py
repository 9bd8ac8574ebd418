"""`tastegraph train`: a run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tastegraph.cli.reading import Data, Reading, reads_ratings
from tastegraph.cli.telling import tell_reading, tell_warnings
from tastegraph.cli.terminal import model_table, print_json, print_table, spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    from tastegraph.data.load import Dataset
    from tastegraph.studies.recipe import Recipe

__all__ = ["print_result", "run_and_show", "train"]


@reads_ratings
def train(
    data: Data = None,
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
    feedback: Annotated[
        str | None,
        typer.Option("--with-feedback", metavar="PATH|URL", help="Learn from what `serve` has gathered there, too."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print result.json.")] = False,
    reading: Reading,
) -> None:
    """Split, train, validate, test and save: LightGCN and its baselines."""
    from tastegraph.data.load import load
    from tastegraph.studies.folder import check_folder, free_folder
    from tastegraph.studies.known_recipes import recipe_path
    from tastegraph.studies.recipe import load_recipe

    resolved = load_recipe(recipe_path(recipe), settings or [], data, reading)
    if out is not None:
        check_folder(out, force=force)
    began = time.perf_counter()
    dataset = load(resolved.data.source, spoken(quiet=json), resolved.data.reading)
    if feedback is not None:
        dataset = _with_feedback(dataset, feedback, resolved, spoken(quiet=json))
    load_seconds = time.perf_counter() - began
    folder = out or free_folder(Path("runs") / dataset.name)
    run_and_show(resolved, dataset, folder, load_seconds=load_seconds, force=force, json=json)


def _with_feedback(dataset: Dataset, url: str, recipe: Recipe, tell: Callable[[str], None]) -> Dataset:
    """The data set with the accounts of a service as further users."""
    from tastegraph.data.added_feedback import with_feedback
    from tastegraph.errors import ServeError, needs_extra

    with needs_extra("--with-feedback", "serve", ServeError):
        from tastegraph.serving.feedback import FeedbackStore

    store = FeedbackStore(url, make=False)
    joined, added = with_feedback(dataset, store.everything(), rated=recipe.threshold is not None)
    store.close()
    left = f"; {added.left_out:,} left out" if added.left_out else ""
    tell(f"feedback: {added.pairs:,} ratings of {added.users:,} accounts{left}")
    return joined


def run_and_show(
    recipe: Recipe, dataset: Dataset, folder: Path, *, load_seconds: float, force: bool, json: bool = False
) -> None:
    """Run a recipe on loaded data and print what it came to."""
    from tastegraph.cli.progress import TrainingProgress
    from tastegraph.studies.trial import Trial

    trial = Trial.of(dataset, recipe)  # what cannot be judged is told before torch is even imported
    if not json:
        steps = [step for step in trial.removed if not step.step.startswith("threshold")]
        tell_reading(dataset, recipe, len(trial.split.positives), steps)
        tell_warnings(dataset, recipe, trial.split)

    from tastegraph.studies.run import run

    with TrainingProgress(recipe.evaluation.select, quiet=json) as progress:
        result = run(recipe, dataset, folder, progress, trial=trial, load_seconds=load_seconds, force=force)
    if json:
        print_json(result)
    else:
        print_result(result, folder)


def print_result(result: dict[str, Any], folder: Path) -> None:
    """The table of the model and the baselines, LightGCN's lead, and where the report lies."""
    from tastegraph.studies.models import title_of
    from tastegraph.studies.titles import rows_of

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
            f"LightGCN is {verdict} {title_of(name)}: test {shown} {part['lead'][shown]['mean']:+.4f}, "
            f"95 % interval {low:+.4f} to {high:+.4f} over {result['users']['test']:,} users"
        )
    typer.echo(f"run:    {folder}\nreport: {folder / 'report.html'}")
