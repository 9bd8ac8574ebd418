"""Options of every command that reads a ratings file: which column holds what."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

__all__ = ["Data", "Reading", "reads_ratings"]

PANEL = "Reading a file"

Data = Annotated[
    str | None,
    typer.Argument(help="A known data set's name, a path, or - for standard input; the recipe's data by default."),
]

# Keys of the recipe that the options set.
Reading = dict[str, Any]


@dataclass(frozen=True)
class _Option:
    """An option, and the key of the recipe that it sets; without a metavar it is a flag that sets its key to false."""

    flag: str
    key: str
    text: str
    metavar: str | None = "COLUMN"

    @property
    def name(self) -> str:
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def parameter(self) -> inspect.Parameter:
        option = typer.Option(self.flag, metavar=self.metavar, help=self.text, rich_help_panel=PANEL)
        kind = Annotated[bool, option] if self.metavar is None else Annotated[str | None, option]
        default = False if self.metavar is None else None
        return inspect.Parameter(self.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


OPTIONS = (
    _Option("--user-column", "data.columns.user", "Name or number of the column of users."),
    _Option("--item-column", "data.columns.item", "The same for items."),
    _Option("--rating-column", "data.columns.rating", "The same for ratings; none: leave them unread."),
    _Option("--time-column", "data.columns.time", "The same for times; none: leave them unread."),
    _Option("--part-column", "data.columns.part", "A column that says train, validation or test."),
    _Option("--delimiter", "data.columns.delimiter", "What separates fields; found by default.", "TEXT"),
    _Option("--no-header", "data.columns.header", "The first line holds no names: user, item, rating, time.", None),
    _Option("--item-features", "data.item_features", "A table about items, joined by id.", "FILE"),
    _Option("--user-features", "data.user_features", "A table about users, joined by id.", "FILE"),
)


def reads_ratings(command: Callable[..., None]) -> Callable[..., None]:
    """A command with these options in place of its parameter `reading`, which gets the recipe's keys for them."""
    signature = inspect.signature(command, eval_str=True)
    own = [parameter for parameter in signature.parameters.values() if parameter.name != "reading"]
    parameters = [*own, *(option.parameter for option in OPTIONS)]

    @functools.wraps(command)
    def with_options(**told: Any) -> None:
        said = {option: told.pop(option.name) for option in OPTIONS}
        command(reading=_recipe_keys(said), **told)

    with_options.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # Typer reads it
    with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return with_options


def _recipe_keys(said: dict[_Option, Any]) -> Reading:
    """The recipe's keys for what was said."""
    keys: Reading = {
        option.key: told if option.metavar is not None else False
        for option, told in said.items()
        if told not in (None, False)
    }
    if "data.columns.part" in keys:
        keys["split.method"] = "column"
    if "data.columns.delimiter" in keys:
        keys["data.columns.delimiter"] = keys["data.columns.delimiter"].replace("\\t", "\t")
    return keys
