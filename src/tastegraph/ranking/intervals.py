"""How sure a mean over users is: bootstrap intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["bootstrap_interval"]

BLOCK = 1 << 22


def bootstrap_interval(
    values: NDArray[np.float64], *, level: float = 0.95, resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of `values` over users.

    Efron and Tibshirani 1993, chapter 13. Hand in the difference of two models' values for a paired interval.

    Args:
        values: one a user, float64 [n], n at least 1.
        level: share of resampled means inside.
        resamples: number of resamples.
        seed: seed of the draws.
    """
    rng = np.random.default_rng(seed)
    n = len(values)
    step = max(1, BLOCK // n)
    means = np.concatenate(
        [
            values[rng.integers(n, size=(min(step, resamples - begin), n))].mean(axis=1)
            for begin in range(0, resamples, step)
        ]
    )
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
