"""The age of a user's pairs: 1 for the latest, 2 for the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.data.interactions import Interactions

__all__ = ["ages_of"]


def ages_of(interactions: Interactions) -> NDArray[np.int64] | None:
    """a_ui: 1 + how many of the same user's pairs are later, int64 [n]; pairs of one moment are of one age.

    By the times, or by the places in the lists of a published split, which seem to be in order of time. None where the
    source has neither.
    """
    moment = interactions.time if interactions.place is None else interactions.place
    if moment is None:
        return None
    user = interactions.user.astype(np.int64)
    order = np.lexsort((moment, user))[::-1]  # the last user first, and of each the latest pair first
    user, moment = user[order], moment[order]
    new_user = np.append(True, user[1:] != user[:-1])
    at = np.arange(len(order))
    first_of_user = np.maximum.accumulate(np.where(new_user, at, 0))
    new_moment = new_user | np.append(True, moment[1:] != moment[:-1])
    first_of_moment = np.maximum.accumulate(np.where(new_moment, at, 0))
    ages = np.empty(len(order), np.int64)
    ages[order] = first_of_moment - first_of_user + 1
    return ages
