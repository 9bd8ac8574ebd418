"""The textbook program's sampler: a Python loop over users, with a positive and rejected negatives for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["sample_triples"]


def sample_triples(positives: list[NDArray[np.int64]], num_items: int, draws: int) -> NDArray[np.int64]:
    """(user, positive, negative) triples, int64 [draws or fewer, 3]: users without positives give none."""
    triples = []
    for user in np.random.randint(0, len(positives), draws):  # noqa: NPY002 (the sampler under test works so)
        mine = positives[user]
        if len(mine) == 0:
            continue
        positive = mine[np.random.randint(0, len(mine))]  # noqa: NPY002
        while True:
            negative = np.random.randint(0, num_items)  # noqa: NPY002
            if negative not in mine:
                break
        triples.append([user, positive, negative])
    return np.array(triples)
