"""Options of the commands that judge lists: the protocol, and lengths as they are typed: 10,20."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

__all__ = ["Negatives", "Protocol", "lengths_of"]

Protocol = Annotated[
    Literal["full-ranking", "tutorial", "rated-only", "sampled-negatives"],
    typer.Option(help="What lists are made of and what counts as a hit."),
]
Negatives = Annotated[int, typer.Option(min=1, help="Of sampled-negatives: items drawn for each user.")]


def lengths_of(text: str) -> list[int]:
    """The whole numbers in "10,20"; anything else is a wrong use of the command."""
    try:
        lengths = [int(part) for part in text.split(",")]
    except ValueError:
        lengths = [0]
    if min(lengths) < 1:
        raise typer.BadParameter(
            f"expected whole numbers from 1, separated by commas; found {text!r}", param_hint="--k"
        )
    return lengths
