"""`tastegraph quickstart`: from nothing to a list on MovieLens 100K."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tastegraph.cli.recommend import print_list
from tastegraph.cli.terminal import format_genres, print_table, table
from tastegraph.cli.train import run_and_show

if TYPE_CHECKING:
    from tastegraph.data.load import Dataset

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
    from tastegraph.serving.recommender import Recommender
    from tastegraph.studies.folder import free_folder
    from tastegraph.studies.recipe import Recipe

    folder = out or free_folder(Path("runs/quickstart"))
    folder, dataset = run_and_show(Recipe(), folder, force=force, json=False)
    recommender = Recommender.load(folder)
    places = recommender.recommend(user)
    _print_likes(dataset, user)
    print_list(places, user)
    typer.echo(f"another person's list: tastegraph recommend {folder} --user 7")


def _print_likes(dataset: Dataset, user: str) -> None:
    """What the user rated highest, the latest first among equals."""
    import polars as pl

    frame = dataset.interactions.to_frame()
    rated = frame.filter(pl.col("user").cast(pl.String) == user).sort("value", "time", descending=True)
    assert dataset.item_table is not None  # noqa: S101 (MovieLens 100K has titles)
    likes = rated.head(LIKES_SHOWN).join(dataset.item_table, on="item", how="left", maintain_order="left")
    print_table(
        table(
            {"rating": "right", "title": "left", "year": "right", "genres": "left"},
            (
                [f"{film['value']:g}", film["title"], film["year"], format_genres(film["genres"])]
                for film in likes.iter_rows(named=True)
            ),
            f"User {user} rated {len(rated):,} films; loved most",
        )
    )
