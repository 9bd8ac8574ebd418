"""Where two tables of settings differ, in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["differences", "said_of"]

LONGEST = 70  # letters of a value


def differences(then: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Where two tables differ, one phrase a key."""
    for key in sorted({*then, *now}):
        old, new = then.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from differences(old, new, f"{prefix}{key}.")
        elif old != new:
            yield f"{prefix}{key} was {said_of(old)}, now {said_of(new)}"


def said_of(value: Any) -> str:
    """A value of a table as a line says it: JSON, cut where it is long; a digest is said whole."""
    text = "nothing" if value is None else json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
