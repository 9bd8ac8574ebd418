"""`tastegraph index`: an approximate index of a large catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tastegraph.cli.terminal import say
from tastegraph.errors import RunError

__all__ = ["index"]

ASKED = 500  # users whose lists are compared


def index(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace the index that is there.")] = False,
) -> None:
    """Make the index that `recommend --approximate` finds items by, and tell its recall against exact lists."""
    import numpy as np

    from tastegraph.serving.item_index import FOLDER, ItemIndex
    from tastegraph.serving.recommender import Recommender

    folder = run / FOLDER
    if folder.exists() and not force:
        raise RunError(f"{folder}: exists already; --force replaces it")
    model = Recommender.load(run).model
    say(f"index of {len(model.items):,} items")
    made = ItemIndex.of(model)
    made.save(folder)
    users = np.unique(np.linspace(0, len(model.users) - 1, ASKED).astype(np.int64))
    k = min(10, len(model.items))
    typer.echo(
        f"index: {folder}; recall@{k} against exact lists, of {len(users):,} users: {made.recall(model, users, k):.4f}"
    )
