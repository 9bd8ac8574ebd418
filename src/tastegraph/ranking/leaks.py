"""The leak check: what is held out is neither learned from nor masked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tastegraph.errors import LeakError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from tastegraph.graph.neighbours import NeighbourLists
    from tastegraph.ranking.full_ranking import Relevant

__all__ = ["check_leaks", "shared_pairs"]


def shared_pairs(some: NeighbourLists, other: NeighbourLists) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """User and item of every pair that is in both, int64 [pairs] each; the shorter is looked up in the longer."""
    few, many = sorted((some, other), key=lambda lists: len(lists.index))
    row, column = np.divmod(few.keys(), max(few.num_columns, 1))
    both = many.contain(row, column)
    return row[both], column[both]


def check_leaks(
    what: str,
    held_out: Relevant,
    places: Mapping[str, NeighbourLists | None],
    name_of: Callable[[int, int], str] = lambda user, item: f"user index {user}, item index {item}",
) -> None:
    """Fail if a held-out pair is in a place where it must not be.

    A pair that the model learned from is found by remembering; one that is masked can never be found. Both make the
    figures mean something else than they say.

    Args:
        what: of what part the held-out pairs are, for the message: "test".
        held_out: what is to be found.
        places: where none of it may be, by what the message calls them: "the graph", "the known positives".
        name_of: how a pair is called in the message.

    Raises:
        LeakError: some are; their number and the first one are named.
    """
    for place, lists in places.items():
        if lists is None:
            continue
        user, item = shared_pairs(held_out.lists, lists)
        if len(user):
            count = f"{len(user):,} {what} {'pair is' if len(user) == 1 else 'pairs are'}"
            raise LeakError(f"the split leaks: {count} in {place}; the first is {name_of(int(user[0]), int(item[0]))}")
