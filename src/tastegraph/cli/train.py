"""`tastegraph train`: a run."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tastegraph.cli.device import Device, check_device
from tastegraph.cli.progress import TrainingProgress
from tastegraph.cli.reading import Data, Reading, reads_ratings
from tastegraph.cli.telling import tell_reading, tell_warnings
from tastegraph.cli.terminal import model_table, print_json, print_table, say, spoken
from tastegraph.cli.tracking import trackers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tastegraph.data.load import Dataset
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.run import Keeping
    from tastegraph.studies.tracking import Tracked, Tracker
    from tastegraph.studies.trial import Trial

__all__ = ["print_result", "run_and_show", "train"]


@reads_ratings
def train(
    data: Data = None,
    *,
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE", help="A recipe that comes along, such as gowalla, or a TOML file; else the defaults."
        ),
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
    force: Annotated[
        bool, typer.Option("--force", help="Replace a run that is there; train where memory may not do.")
    ] = False,
    resume: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Go on with an unfinished run, where its last checkpoint is.")
    ] = None,
    checkpoint_minutes: Annotated[
        float, typer.Option(min=0, metavar="MINUTES", help="Write a checkpoint after so many minutes; 0 for never.")
    ] = 1.0,
    checkpoint_epochs: Annotated[
        int, typer.Option(min=0, metavar="N", help="And after every N epochs; 0 for never.")
    ] = 0,
    feedback: Annotated[
        str | None,
        typer.Option("--with-feedback", metavar="PATH|URL", help="Learn from what `serve` has gathered there, too."),
    ] = None,
    track: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TOOL",
            help="Tell tensorboard (RUN/tensorboard), mlflow or mlflow=URI the figures; may be repeated.",
        ),
    ] = None,
    device: Device = "cpu",
    json: Annotated[bool, typer.Option("--json", help="Print result.json.")] = False,
    reading: Reading,
) -> None:
    """Split, train, validate, test and save: LightGCN and its baselines."""
    from tastegraph.studies.folder import check_folder, free_folder
    from tastegraph.studies.known_recipes import known_recipes, recipe_path
    from tastegraph.studies.recipe import load_recipe
    from tastegraph.studies.unfinished import recipe_of

    check_device(device)
    often = {"minutes": checkpoint_minutes, "epochs": checkpoint_epochs}
    trackers = trackers_of(track or ())
    if resume is not None:
        if out is not None:
            raise typer.BadParameter("goes without --out", param_hint="--resume")
        wanted = load_recipe(recipe_path(recipe) or recipe_of(resume), settings or [], data, reading)
        _resume_and_show(resume, wanted, feedback, often, trackers, force=force, json=json, device=device)
        return
    resolved = load_recipe(recipe_path(recipe), settings or [], data, reading)
    if out is not None:
        check_folder(out, force=force)
    if recipe is None and not settings and data in known_recipes() and not json:
        say(f"hint: these are the default settings; --recipe {data} has the best ones found for {data}")
    dataset, load_seconds = _loaded(resolved, feedback, force=force, json=json)
    folder = out or free_folder(Path("runs") / dataset.name)
    run_and_show(
        resolved,
        dataset,
        folder,
        load_seconds=load_seconds,
        force=force,
        json=json,
        often=often,
        trackers=trackers,
        device=device,
    )


def _loaded(recipe: Recipe, feedback: str | None, *, force: bool, json: bool) -> tuple[Dataset, float]:
    """The recipe's data, with what was fed back, and the seconds that took."""
    from tastegraph.data.load import load
    from tastegraph.studies.memory import check_reading

    if not force:
        check_reading(recipe.data.source, ", or --force to try all the same")
    began = time.perf_counter()
    dataset = load(recipe.data.source, spoken(quiet=json), recipe.data.reading)
    if feedback is not None:
        dataset = _with_feedback(dataset, feedback, recipe, spoken(quiet=json))
    return dataset, time.perf_counter() - began


def _with_feedback(dataset: Dataset, url: str, recipe: Recipe, tell: Callable[[str], None]) -> Dataset:
    """The data set with the accounts of a service as further users."""
    from tastegraph.data.added_feedback import titles_of, with_feedback
    from tastegraph.errors import ServeError, needs_extra

    with needs_extra("--with-feedback", "serve", ServeError):
        from tastegraph.serving.feedback import FeedbackStore

    store = FeedbackStore(url, make=False)
    store.check_films(titles_of(dataset).get, dataset.name)
    joined, added = with_feedback(dataset, store.everything(), rated=recipe.threshold is not None)
    store.close()
    left = f"; {added.left_out:,} left out" if added.left_out else ""
    tell(f"feedback: {added.pairs:,} ratings of {added.users:,} accounts{left}")
    return joined


def run_and_show(
    recipe: Recipe,
    dataset: Dataset,
    folder: Path,
    *,
    load_seconds: float,
    force: bool,
    json: bool = False,
    often: Mapping[str, Any] | None = None,
    trackers: Sequence[Tracker] = (),
    device: str = "cpu",
) -> None:
    """Run a recipe on loaded data and print what it came to."""
    trial = _told_trial(recipe, dataset, device, force=force, json=json)

    from tastegraph.graph.devices import device_of
    from tastegraph.studies.run import run

    with _keeping(often, quiet=json) as keeping, _watching(recipe, trackers, folder, quiet=json) as watcher:
        result = run(
            recipe,
            dataset,
            folder,
            watcher,
            trial=trial,
            load_seconds=load_seconds,
            force=force,
            keeping=keeping,
            device=device_of(device),
        )
        watcher.finish(result)
    _show(result, folder, json=json)


def _resume_and_show(
    folder: Path,
    wanted: Recipe,
    feedback: str | None,
    often: Mapping[str, Any],
    trackers: Sequence[Tracker],
    *,
    force: bool,
    json: bool,
    device: str,
) -> None:
    """Go on with an unfinished run and print what it came to."""
    from tastegraph.graph.devices import device_of
    from tastegraph.studies.run import Prepared, recorded_result, resume

    def prepare(recipe: Recipe) -> Prepared:
        dataset, load_seconds = _loaded(recipe, feedback, force=force, json=json)
        return Prepared(dataset, _told_trial(recipe, dataset, device, force=force, json=json), load_seconds)

    with _keeping(often, quiet=json) as keeping, _watching(wanted, trackers, folder, quiet=json) as watcher:
        result = resume(folder, prepare, watcher, wanted=wanted, keeping=keeping, device=device_of(device))
        if result is not None:
            watcher.finish(result)
    if result is None:
        spoken(quiet=json)(f"{folder}: the run was finished already")
        result = recorded_result(folder)
    _show(result, folder, json=json)


def _told_trial(recipe: Recipe, dataset: Dataset, device: str, *, force: bool, json: bool) -> Trial:
    """The split; what cannot be judged, or does not fit into memory, is told before torch is even imported."""
    from tastegraph.errors import ModelError
    from tastegraph.studies.memory import available_bytes, need_of_run, own_bytes
    from tastegraph.studies.trial import Trial

    trial = Trial.of(dataset, recipe)
    need, free = need_of_run(trial, recipe), available_bytes()
    free = None if free is None else free + own_bytes()
    if free is not None and need.total > free and not force:
        raise ModelError(need.refusal(free))
    if not json:
        steps = [step for step in trial.removed if not step.step.startswith("threshold")]
        tell_reading(dataset, recipe, len(trial.split.positives), steps)
        tell_warnings(dataset, recipe, trial.split)
        say(need.line(free))
    _tell_device(recipe, trial, device, force=force, json=json)
    return trial


def _tell_device(recipe: Recipe, trial: Trial, name: str, *, force: bool, json: bool) -> None:
    """What a GPU needs beside what it has free; the processor has no memory of its own."""
    if name == "cpu":
        return
    from tastegraph.errors import ModelError
    from tastegraph.graph.devices import device_of, free_bytes, name_of
    from tastegraph.studies.memory import need_of_device

    device = device_of(name)
    if (free := free_bytes(device)) is None:
        return
    need = need_of_device(trial, recipe)
    if need.total > free and not force:
        raise ModelError(need.refusal(free))
    if not json:
        say(f"{name_of(device)}: {need.line(free)}")


@contextmanager
def _watching(recipe: Recipe, trackers: Sequence[Tracker], folder: Path, *, quiet: bool) -> Iterator[Tracked]:
    """The progress, and beside it the tools that are told; warnings of these are told in any case."""
    from tastegraph.studies.tracking import Tracked

    with (
        TrainingProgress(recipe.evaluation.select, quiet=quiet) as progress,
        Tracked(progress, trackers, folder, say) as watcher,
    ):
        yield watcher


@contextmanager
def _keeping(often: Mapping[str, Any] | None, *, quiet: bool) -> Iterator[Keeping]:
    """How often a run's state is kept; signals end it meanwhile."""
    from tastegraph.studies.checkpoints import Often
    from tastegraph.studies.run import Keeping
    from tastegraph.studies.stopping import Stop

    stop = Stop()
    with stop.listening():
        yield Keeping(Often(**(often or {})), stop, spoken(quiet=quiet))


def _show(result: dict[str, Any], folder: Path, *, json: bool) -> None:
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
    for note in result.get("notes", ()):
        say(f"note: {note}")
    typer.echo(f"run:    {folder}\nreport: {folder / 'report.html'}")
