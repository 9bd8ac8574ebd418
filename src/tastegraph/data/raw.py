"""What a source says, before repeated pairs are settled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import polars as pl

    from tastegraph.data.coded import CodedRows

__all__ = ["RawRatings", "understood_of"]


@dataclass(frozen=True, eq=False)
class RawRatings:
    """Rows and tables of a folder or file.

    Attributes:
        rows: the ratings; they are taken over by the interactions made of them.
        users: user features by column user (ids as strings, unique), or None.
        items: film features by column item (ids as strings, unique), or None.
        understood: how the source was read, for people.
        files: what was read of a folder, or beside a file.
    """

    rows: CodedRows
    users: pl.DataFrame | None = None
    items: pl.DataFrame | None = None
    understood: str = ""
    files: tuple[Path, ...] = ()


def understood_of(layout: str, rows: CodedRows, units: Collection[str]) -> str:
    """In words: the layout of a source, the kind of its ids, and the unit of its times."""
    kinds = {
        side: "integers" if vocabulary.ids.dtype.is_integer() else "text"
        for side, vocabulary in (("user", rows.users), ("item", rows.items))
    }
    same = len(set(kinds.values())) == 1
    ids = f"ids are {kinds['user']}" if same else f"user ids are {kinds['user']}, item ids {kinds['item']}"
    times = f"; times in {', '.join(sorted(units))}" if units else ""
    return f"{layout}; {ids}{times}"
