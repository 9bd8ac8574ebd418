"""`tastegraph train`: a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tastegraph.cli.device import Device, check_device
from tastegraph.cli.ranks import RankTimeout, own_device, ranks_here, restarted
from tastegraph.cli.reading import Data, Reading, reads_ratings
from tastegraph.cli.sitting import Sitting
from tastegraph.cli.terminal import model_table, print_json, print_table, say
from tastegraph.cli.tracking import trackers_of

if TYPE_CHECKING:
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.run import Prepared

__all__ = ["print_result", "train"]


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
    rank_timeout: RankTimeout = 600,
    json: Annotated[bool, typer.Option("--json", help="Print result.json.")] = False,
    reading: Reading,
) -> None:
    """Split, train, validate, test and save: LightGCN and its baselines.

    Several processes train together under torchrun: torchrun --nproc-per-node R -m tastegraph train ...
    """
    from tastegraph.studies.known_recipes import better_than_defaults, check_data_named, recipe_path
    from tastegraph.studies.recipe import load_recipe
    from tastegraph.studies.unfinished import recipe_of

    device = own_device(device)
    check_device(device)
    if resume is not None and out is not None:
        raise typer.BadParameter("goes without --out", param_hint="--resume")
    often = {"minutes": checkpoint_minutes, "epochs": checkpoint_epochs}
    trackers = trackers_of(track or ())
    with ranks_here(rank_timeout, device) as ranks:
        sitting = Sitting(feedback, often, trackers, force, json, device, ranks)
        if (place := resume) is not None:
            source = recipe_path(recipe)
            wanted = ranks.told(lambda: load_recipe(source or recipe_of(place), settings or [], data, reading))
            ranks.columns(wanted.model.embedding_dim)  # fails where there are too few for the ranks
            result, folder = sitting.go_on(place, wanted), place
        else:
            check_data_named(recipe, data, settings or [])
            resolved = load_recipe(recipe_path(recipe), settings or [], data, reading)
            ranks.columns(resolved.model.embedding_dim)
            better = None if recipe or settings or data is None or json else better_than_defaults(data)
            result, folder = _begun(sitting, resolved, out, better)
    if result is not None:
        _show(result, folder, json=json)


def _begun(
    sitting: Sitting, recipe: Recipe, out: Path | None, better: str | None
) -> tuple[dict[str, Any] | None, Path]:
    """A new run, or the one that ranks had begun which torchrun has started again; what it came to, and where."""
    from tastegraph.studies.folder import check_folder, free_folder, last_folder
    from tastegraph.studies.unfinished import has_begun

    ranks, again = sitting.ranks, restarted()
    if out is not None and not (again and ranks.told(lambda: has_begun(out))):
        ranks.told(lambda: check_folder(out, force=sitting.force))
        return sitting.begin(recipe, _prepared(sitting, recipe, better), out), out
    prepared = _prepared(sitting, recipe, better)
    wish = Path("runs") / prepared.dataset.name
    folder = out or ranks.told(lambda: last_folder(wish) if again and has_begun(last_folder(wish)) else None)
    if folder is not None:
        return sitting.go_on(folder, recipe, lambda _: prepared), folder
    folder = ranks.told(lambda: free_folder(wish))
    return sitting.begin(recipe, prepared, folder), folder


def _prepared(sitting: Sitting, recipe: Recipe, better: str | None) -> Prepared:
    prepared = sitting.prepared(recipe)
    if better is not None:
        say(f"hint: these are the default settings; {better}")
    return prepared


def _show(result: dict[str, Any], folder: Path, *, json: bool) -> None:
    if json:
        print_json(result)
    else:
        print_result(result, folder)


def print_result(result: dict[str, Any], folder: Path) -> None:
    """The table of the model and the baselines, LightGCN's lead, and where the report lies."""
    from tastegraph.studies.models import title_of
    from tastegraph.studies.result import main_metric, rows_of, shown_metrics

    print_table(model_table(rows_of(result), shown_metrics(result)), f"Test, protocol {result['protocol']} (* best)")
    shown = main_metric(result)
    judged, learned = result["users"]["test"], result["data"]["fit"]["users"]
    if judged < learned:
        typer.echo(f"not judged, for want of a like held out for test: {learned - judged:,} of {learned:,} users")
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
