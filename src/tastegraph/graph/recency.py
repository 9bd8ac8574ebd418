"""How much more a user's later items weigh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["recency_weights"]


def recency_weights(age: NDArray[np.int64], start: NDArray[np.int64], gamma: float) -> NDArray[np.float64]:
    r"""The weight of each item of each user, of mean 1 for every user.

    .. math::
        r_{ui} = |N_u| \, a_{ui}^{-\gamma} \Big/ \sum_{j \in N_u} a_{uj}^{-\gamma}

    A power law of the age, as forgetting has it (Anderson and Schooler 1991, Psychological Science 2(6)), here of the
    number of later items in place of time.

    Args:
        age: a_ui, 1 for the latest, user after user, int64 [n].
        start: where each user's part begins, int64 [users + 1]; the last entry is n.
        gamma: 0 weighs all alike.

    Returns:
        float64 [n].
    """
    counts = np.diff(start)
    weight = age.astype(np.float64) ** -gamma
    row = np.repeat(np.arange(len(counts)), counts)
    total = np.bincount(row, weights=weight, minlength=len(counts))
    mean = np.divide(total, counts, out=np.ones(len(counts)), where=counts > 0)
    weights: NDArray[np.float64] = weight / mean[row]
    return weights
