"""`tastegraph similar`: neighbours of a film, or of a user."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tastegraph.cli.lists import print_list
from tastegraph.cli.terminal import print_json, print_table, table

__all__ = ["similar"]


def similar(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    *,
    item: Annotated[str | None, typer.Option("--item", metavar="TITLE|ID", help="Whose neighbours: an item.")] = None,
    user: Annotated[str | None, typer.Option("--user", help="Whose neighbours: a user.")] = None,
    k: Annotated[int | None, typer.Option("-k", min=1, help="How many; 10, or all of fewer, by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Items, or users, whose final embeddings point most nearly the same way (by cosine)."""
    from tastegraph.serving.recommender import Recommender

    if (item is None) == (user is None):
        raise typer.BadParameter("say of what: --item TITLE, or --user ID")
    recommender = Recommender.load(run)
    if item is not None:
        places = recommender.similar(item, k)
        if json:
            print_json([asdict(place) for place in places])
        else:
            print_list(places, f"Similar to {recommender.names.called(recommender.names.index_of(item))}")
        return
    neighbours = recommender.similar_users(user, k)
    if json:
        print_json([asdict(neighbour) for neighbour in neighbours])
    else:
        rows = ([place.rank, place.user, f"{place.score:.3f}"] for place in neighbours)
        print_table(table({"": "right", "user": "left", "score": "right"}, rows), f"Similar to user {user}")
