"""`tastegraph recommend`: a person's list."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tastegraph.cli.terminal import format_genres, print_json, print_table, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tastegraph.serving.recommender import Recommendation

__all__ = ["print_list", "recommend"]


def recommend(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    *,
    user: Annotated[str, typer.Option("--user", help="The user's id in the ratings file.")],
    k: Annotated[int, typer.Option("-k", min=1, help="Length of the list.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Guess You Love: what a user would love most among what they have not rated."""
    from tastegraph.serving.recommender import Recommender

    places = Recommender.load(run).recommend(user, k)
    if json:
        print_json([asdict(place) for place in places])
    else:
        print_list(places, user)


def print_list(places: Sequence[Recommendation], user: str) -> None:
    """A list as a table; the item's id stands in for a title that the source has not."""
    titled = any(place.title is not None for place in places)
    columns = {"": "right", "title" if titled else "item": "left"}
    if titled:
        columns |= {"year": "right", "genres": "left"}
    rows = (
        [place.rank, place.title or place.item]
        + ([place.year, format_genres(place.genres)] if titled else [])
        + [f"{place.score:.3f}"]
        for place in places
    )
    print_table(table({**columns, "score": "right"}, rows), f"Guess You Love, user {user}")
    if not places:
        typer.echo("nothing is left: the user has rated every item the model knows")
