"""A small data set in the layout of LightGCN's published splits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["published_split"]


def published_split(folder: Path) -> Path:
    """40 users of two tastes, 8 items each to learn from and 2 to be found."""
    rng = np.random.default_rng(3)
    folder.mkdir()
    lists = [rng.choice(15, 10, replace=False) + 15 * (u % 2) for u in range(40)]
    for name, part in (("train", slice(0, 8)), ("test", slice(8, 10))):
        lines = (" ".join(map(str, [user, *items[part]])) for user, items in enumerate(lists))
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
