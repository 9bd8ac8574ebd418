"""Options of every command that reads a ratings file: which column holds what."""

from __future__ import annotations

from typing import Annotated, Any

import typer

__all__ = [
    "Delimiter",
    "ItemColumn",
    "ItemFeatures",
    "NoHeader",
    "PartColumn",
    "RatingColumn",
    "TimeColumn",
    "UserColumn",
    "UserFeatures",
    "recipe_keys",
]

PANEL = "Reading a file"


def _option(name: str, text: str, metavar: str = "COLUMN") -> Any:
    return typer.Option(name, metavar=metavar, help=text, rich_help_panel=PANEL)


UserColumn = Annotated[str | None, _option("--user-column", "Name or number of the column of users.")]
ItemColumn = Annotated[str | None, _option("--item-column", "The same for items.")]
RatingColumn = Annotated[str | None, _option("--rating-column", "The same for ratings; none: leave them unread.")]
TimeColumn = Annotated[str | None, _option("--time-column", "The same for times; none: leave them unread.")]
PartColumn = Annotated[str | None, _option("--part-column", "A column that says train, validation or test.")]
Delimiter = Annotated[str | None, _option("--delimiter", "What separates fields; found by default.", "TEXT")]
NoHeader = Annotated[
    bool,
    typer.Option("--no-header", help="The first line holds no names: user, item, rating, time.", rich_help_panel=PANEL),
]
ItemFeatures = Annotated[str | None, _option("--item-features", "A table about items, joined by id.", "FILE")]
UserFeatures = Annotated[str | None, _option("--user-features", "A table about users, joined by id.", "FILE")]


def recipe_keys(
    user: str | None,
    item: str | None,
    rating: str | None,
    time: str | None,
    part: str | None,
    delimiter: str | None,
    no_header: bool,
    item_features: str | None,
    user_features: str | None,
) -> dict[str, Any]:
    """The recipe's keys for these options, None for what was not said."""
    return {
        "data.columns.user": user,
        "data.columns.item": item,
        "data.columns.rating": rating,
        "data.columns.time": time,
        "data.columns.part": part,
        "split.method": None if part is None else "column",
        "data.columns.delimiter": None if delimiter is None else delimiter.replace("\\t", "\t"),
        "data.columns.header": False if no_header else None,
        "data.item_features": item_features,
        "data.user_features": user_features,
    }
