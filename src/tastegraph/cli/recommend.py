"""`tastegraph recommend`: a person's list."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tastegraph.cli.terminal import format_genres, print_json, print_table, printable, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tastegraph.serving.recommender import Recommendation

__all__ = ["in_words", "print_list", "recommend"]

NAMED = 3  # films with the largest shares


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
    explain: Annotated[bool, typer.Option("--explain", help="Say which likes carry each place, as shares.")] = False,
    k: Annotated[int, typer.Option("-k", min=1, help="Length of the list.")] = 10,
    genres: Annotated[
        list[str] | None, typer.Option("--genre", help="Only items with this genre; repeated: with any of them.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without-genre", help="None with this genre; repeated.")
    ] = None,
    years: Annotated[
        str | None, typer.Option(metavar="FROM-TO", help="Only of these years: 1990-1999, 1990-, -1960.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="TITLE|ID", help="Not this item; may be repeated.")
    ] = None,
    min_popularity: Annotated[int, typer.Option(min=0, help="Only items with so many users learned from.")] = 0,
    seen: Annotated[bool, typer.Option("--seen", help="What the user has rated may be listed too.")] = False,
    diversity: Annotated[
        float, typer.Option(min=0, max=1, help="Unlike items above like ones: lambda of maximal marginal relevance.")
    ] = 0.0,
    discount: Annotated[
        float, typer.Option("--popularity-discount", min=0, help="C: take C ln(users of the item) off in ordering.")
    ] = 0.0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Guess You Love: what somebody would love most among what they do not know."""
    from tastegraph.serving.filters import Filters
    from tastegraph.serving.order import Order
    from tastegraph.serving.recommender import Recommender

    if more and (dislikes or not likes):
        raise typer.BadParameter(f"say --likes or --dislikes before {more[0]!r}")
    liked = [*(likes or ()), *(more or ())]
    if user is None and not liked:
        raise typer.BadParameter("say for whom: --user ID, or --likes TITLE for a new person")
    filters = Filters(
        tuple(genres or ()), tuple(without or ()), _years(years), tuple(exclude or ()), seen, min_popularity
    )
    order = Order(diversity, discount)
    places = Recommender.load(run).recommend(
        user, k, likes=liked, dislikes=dislikes or (), refine=refine, explain=explain, filters=filters, order=order
    )
    if json:
        print_json([asdict(place) for place in places])
    else:
        print_list(places, f"Guess You Love, {'a new person' if user is None else f'user {user}'}")
        for place in places:
            if place.because is not None:
                typer.echo(printable(in_words(place)))


def print_list(places: Sequence[Recommendation], heading: str) -> None:
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
    print_table(table({**columns, "score": "right"}, rows), heading)
    if not places:
        typer.echo("nothing is left: every item the model knows has been rated")


def in_words(place: Recommendation) -> str:
    """The shares of a score: the largest films by name, the rest together; they add up to it."""
    because = place.because
    assert because is not None  # noqa: S101 (for the type checker)
    parts = [(share.called, share.score) for share in because.films[:NAMED]]
    rest = [share.score for share in because.films[NAMED:]]
    if rest:
        parts.append((f"{len(rest):,} more", sum(rest)))
    if because.own:
        parts.append(("own taste", because.own))
    if because.popularity:
        parts.append(("popularity", because.popularity))
    said = ", ".join(f"{called} {score:+.3f}" for called, score in parts)
    return f"{place.rank}. {place.title or place.item} {place.score:.3f}: {said}"


def _years(text: str | None) -> tuple[int | None, int | None]:
    if text is None:
        return None, None
    found = re.fullmatch(r"(\d{1,4})?(-)?(\d{1,4})?", text.strip())
    if found is None or not (found[1] or found[3]):
        raise typer.BadParameter(f"years are FROM-TO, FROM- or -TO; found {text!r}")
    first, last = (int(part) if part else None for part in (found[1], found[3] if found[2] else found[1]))
    return first, last
