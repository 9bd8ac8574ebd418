"""What is wrong with a recipe, in one line: the key, what was expected, what was found."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

__all__ = ["in_words", "one_line"]


def in_words(error: ValidationError, recipe: type[BaseModel]) -> str:
    """One line for the first fault: its key, what was expected, what was found.

    Args:
        error: of pydantic.
        recipe: the model that was checked, with the keys that there are.
    """
    faults = error.errors(include_url=False)
    for fault in faults:
        if fault["type"] == "extra_forbidden":
            return _unknown(".".join(str(part) for part in fault["loc"]), recipe)
    fault = faults[0]
    if not fault["loc"]:  # of two tables that do not go together
        return fault["msg"].removeprefix("Value error, ")
    known = _keys(recipe)
    parts = [str(part) for part in fault["loc"]]
    key = next((".".join(parts[:n]) for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in known), parts[0])
    of_key = [_expected(other, key, recipe) for other in faults if other["loc"][:1] == fault["loc"][:1]]
    expected = " or ".join(dict.fromkeys(of_key))
    found = "" if isinstance(fault["input"], dict) else f"; found {str(fault['input'])[:60]!r}"
    return f"{key}: {expected}{found}"


def one_line(message: str) -> str:
    """A message without the line ends of a key that somebody made up."""
    return " ".join(message.split())


def _expected(fault: ErrorDetails, key: str, recipe: type[BaseModel]) -> str:
    """What a key is to hold."""
    default = _default_of(key, recipe)
    if fault["type"] in {"tuple_type", "list_type"}:
        return "a list of numbers" if default is None else f"expected a list such as {default}"
    if fault["type"] in {"missing", "too_long"} and default is not None:
        return f"expected {len(default)} values, such as {default}"
    if isinstance(fault["input"], float) and math.isnan(fault["input"]):
        return "input should be a finite number"
    return _without_capital(fault["msg"].removeprefix("Value error, "))


def _without_capital(message: str) -> str:
    """A message as it goes on after a colon; a word all in capitals stays."""
    return message if message[1:2].isupper() else f"{message[0].lower()}{message[1:]}"


def _default_of(key: str, recipe: type[BaseModel]) -> list[Any] | None:
    """The default of a key that holds a list, or None."""
    value: Any = recipe()
    for part in key.split("."):
        value = getattr(value, part, None)
    return list(value) if isinstance(value, (tuple, list)) and value else None


def _unknown(key: str, recipe: type[BaseModel]) -> str:
    """An unknown key and the nearest known one: of the same last word, else of the closest spelling."""
    table, _, last = key.rpartition(".")
    known = _keys(recipe)
    same = [name for name in known if "." in name and name.rpartition(".")[2] == last]
    beside = [name for name in known if name.rpartition(".")[0] == table] or known
    close = difflib.get_close_matches(last, [name.rpartition(".")[2] for name in beside], n=1)
    near = same or [name for name in beside if name.rpartition(".")[2] in close]
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(beside)}"
    return f"unknown key {key}; {hint}"


def _keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    keys = []
    for name, info in model.model_fields.items():
        inner = info.annotation
        keys.append(prefix + name)
        if isinstance(inner, type) and issubclass(inner, BaseModel) and not get_args(inner):
            keys += _keys(inner, f"{prefix}{name}.")
    return keys
