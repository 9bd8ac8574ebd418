"""`tastegraph quickstart`: from nothing to a list on MovieLens 100K."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tastegraph.cli.lists import print_list
from tastegraph.cli.sitting import Sitting
from tastegraph.cli.terminal import format_genres, print_table, say, table
from tastegraph.cli.train import print_result
from tastegraph.errors import UnknownUserError

if TYPE_CHECKING:
    from tastegraph.data.dataset import Dataset

__all__ = ["quickstart"]

LIKES_SHOWN = 5


def quickstart(
    *,
    user: Annotated[str, typer.Option("--user", help="Whose list to print.")] = "42",
    out: Annotated[
        Path | None,
        typer.Option(help="The run directory; runs/quickstart (or quickstart-2, ...) by default."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a run that is there.")] = False,
) -> None:
    """Get MovieLens 100K, train LightGCN beside its baselines, and print one person's list."""
    from tastegraph.data.load import load
    from tastegraph.serving.recommender import Recommender
    from tastegraph.studies.folder import check_folder, free_folder
    from tastegraph.studies.recipe import Recipe

    folder = out or free_folder(Path("runs/quickstart"))
    check_folder(folder, force=force)
    recipe = Recipe()
    began = time.perf_counter()
    dataset = load(recipe.data.source, say)
    load_seconds = time.perf_counter() - began
    _must_be_known(dataset, user)
    sitting = Sitting(force=force)
    result = sitting.begin(recipe, sitting.split(recipe, dataset, load_seconds), folder)
    assert result is not None  # noqa: S101 (there is one rank)
    print_result(result, folder)
    _print_likes(dataset, user)
    print_list(Recommender.load(folder).recommend(user), f"Guess You Love, user {user}")
    program = "tastegraph" if shutil.which("tastegraph") else sys.argv[0]
    typer.echo(f"another person's list: {program} recommend {folder} --user 7")


def _must_be_known(dataset: Dataset, user: str) -> None:
    """Every person of MovieLens 100K has likes enough to be learned from; anyone else is told before the training."""
    users = dataset.interactions.users
    if user not in (str(known) for known in users.ids):
        raise UnknownUserError(f"user {user} is not in {dataset.name}; nearest: {', '.join(users.nearest(user))}")


def _print_likes(dataset: Dataset, user: str) -> None:
    """What the user rated highest, the latest first among equals."""
    import polars as pl

    frame = dataset.interactions.to_frame()
    rated = frame.filter(pl.col("user").cast(pl.String) == user).sort("value", "time", descending=True)
    assert dataset.item_table is not None  # noqa: S101 (MovieLens 100K has titles)
    likes = rated.head(LIKES_SHOWN).join(dataset.item_table, on="item", how="left", maintain_order="left")
    rows = (
        [f"{film['value']:g}", film["title"], film["year"], format_genres(film["genres"])]
        for film in likes.iter_rows(named=True)
    )
    columns = {"rating": "right", "title": "left", "year": "right", "genres": "left"}
    print_table(table(columns, rows), f"User {user} rated {len(rated):,} films; loved most")
