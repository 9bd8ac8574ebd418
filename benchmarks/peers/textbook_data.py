"""The textbook program's data: Python lists of a train.txt, one array of positives a user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["positives_of", "read_lines"]


def read_lines(path: Path) -> list[NDArray[np.int64]]:
    """The items of each user, of lines `user item item ...` in user order."""
    lists: dict[int, list[int]] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            user, *items = (int(word) for word in line.split())
            lists[user] = items
    return [np.array(lists.get(user, []), np.int64) for user in range(max(lists) + 1)]


def positives_of(items_of: NeighbourLists) -> list[NDArray[np.int64]]:
    """The same, from neighbour lists."""
    return [items_of[user].astype(np.int64) for user in range(items_of.num_rows)]
