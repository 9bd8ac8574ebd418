"""Counts in words."""

from __future__ import annotations

__all__ = ["counted"]


def counted(count: int, what: str) -> str:
    """A count with its noun: "1 pair", "2 pairs", "1,000 duplicate rows"."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
