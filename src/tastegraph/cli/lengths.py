"""Lengths of lists as they are typed: 10,20."""

from __future__ import annotations

import typer

__all__ = ["lengths_of"]


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
