"""Hyperparameters checked by a model's pydantic class; a mistake is one line."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from tastegraph.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["STRICT", "checked"]

STRICT = ConfigDict(frozen=True, extra="forbid")

AConfig = TypeVar("AConfig", bound=BaseModel)


def checked(title: str, config: type[AConfig], given: Mapping[str, Any]) -> AConfig:
    """The hyperparameters `given`, the others at their defaults.

    Raises:
        ModelError: one is unknown, not of its type or out of range; the line names it.
    """
    try:
        return config.model_validate(dict(given))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            raise ModelError(f"{title} has no hyperparameter {key!r}; {_nearest(key, config)}") from None
        message = fault["msg"].removeprefix("Value error, ").replace("a valid tuple", "a list")
        raise ModelError(f"{title}: {key}: {message[0].lower()}{message[1:]}; found {fault['input']!r}") from None


def _nearest(key: str, config: type[BaseModel]) -> str:
    known = list(config.model_fields)
    if not known:
        return "it has none"
    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
