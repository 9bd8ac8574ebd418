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
    more: Annotated[list[str] | None, typer.Argument(metavar="...", help="Further likes, after --likes.")] = None,
    *,
    user: Annotated[str | None, typer.Option("--user", help="A known user's id in the ratings file.")] = None,
    likes: Annotated[
        list[str] | None, typer.Option(metavar="TITLE|ID", help="What a new person, or --user by now, likes; repeated.")
    ] = None,
    dislikes: Annotated[
        list[str] | None, typer.Option(metavar="TITLE|ID", help="What they dislike; may be repeated.")
    ] = None,
    refine: Annotated[bool, typer.Option("--refine", help="Improve the fold-in by least squares.")] = False,
    k: Annotated[int, typer.Option("-k", min=1, help="Length of the list.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Guess You Love: what somebody would love most among what they do not know."""
    from tastegraph.serving.recommender import Recommender

    if more and (dislikes or not likes):
        raise typer.BadParameter(f"say --likes or --dislikes before {more[0]!r}")
    liked = [*(likes or ()), *(more or ())]
    if user is None and not liked:
        raise typer.BadParameter("say for whom: --user ID, or --likes TITLE for a new person")
    places = Recommender.load(run).recommend(user, k, likes=liked, dislikes=dislikes or (), refine=refine)
    if json:
        print_json([asdict(place) for place in places])
    else:
        print_list(places, "a new person" if user is None else f"user {user}")


def print_list(places: Sequence[Recommendation], whom: str) -> None:
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
    print_table(table({**columns, "score": "right"}, rows), f"Guess You Love, {whom}")
    if not places:
        typer.echo("nothing is left: every item the model knows has been rated")
