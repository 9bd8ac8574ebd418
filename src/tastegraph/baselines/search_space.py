"""What a hyperparameter may be in a search: a range or a few values. Each model states its own, as `SEARCH`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Choice", "Integers", "LogUniform", "SearchRange", "Uniform", "holds"]


@dataclass(frozen=True)
class Uniform:
    """A number between `low` and `high`, both included."""

    low: float
    high: float


@dataclass(frozen=True)
class LogUniform:
    """A number between `low` and `high`, both above 0, drawn uniformly in its logarithm."""

    low: float
    high: float


@dataclass(frozen=True)
class Integers:
    """A whole number from `low` to `high`, both included; `log` draws it uniformly in its logarithm."""

    low: int
    high: int
    log: bool = False


@dataclass(frozen=True)
class Choice:
    """One of `values`."""

    values: tuple[bool | int | float | str, ...]


SearchRange = Uniform | LogUniform | Integers | Choice


def holds(given: SearchRange, value: Any) -> bool:
    """Whether a value lies within a range."""
    return value in given.values if isinstance(given, Choice) else given.low <= value <= given.high
