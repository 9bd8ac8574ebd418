"""How lists are printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from tastegraph.cli.terminal import format_genres, print_table, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tastegraph.serving.places import Recommendation

__all__ = ["in_words", "print_list"]

NAMED = 3  # films with the largest shares


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
    parts = [
        (f"{share.called}, disliked," if share.disliked else share.called, share.score)
        for share in because.films[:NAMED]
    ]
    rest = [share.score for share in because.films[NAMED:]]
    if rest:
        parts.append((f"{len(rest):,} more", sum(rest)))
    if because.own:
        parts.append(("what no film carries", because.own))
    if because.refinement:
        parts.append(("the refinement", because.refinement))
    if because.popularity:
        parts.append(("popularity", because.popularity))
    said = ", ".join(f"{called} {score:+.3f}" for called, score in parts)
    return f"{place.rank}. {place.title or place.item} {place.score:.3f}: {said}"
