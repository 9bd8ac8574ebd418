"""How sure a mean over users is: bootstrap intervals, all metrics from one set of resamples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

__all__ = ["bootstrap_interval", "bootstrap_intervals"]

BLOCK = 1 << 22


def bootstrap_interval(
    values: NDArray[np.float64], *, level: float = 0.95, resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of `values` over users; see `bootstrap_intervals`.

    Hand in the difference of two models' values for a paired interval.
    """
    return bootstrap_intervals({"": values}, level=level, resamples=resamples, seed=seed)[""]


def bootstrap_intervals(
    values: Mapping[str, NDArray[np.float64]], *, level: float = 0.95, resamples: int = 1000, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap intervals of the means of several metrics over the same users.

    Efron and Tibshirani 1993, chapter 13. A resample is a row of W, how often each user was drawn; the means of all
    metrics in all resamples are one matrix product W V, so that more metrics cost next to nothing. A metric that is
    not defined for some users (NaN) is averaged over those of the resample for whom it is.

    Args:
        values: by metric, one a user in the same order, float64 [n], n at least 1.
        level: share of resampled means inside.
        resamples: number of resamples.
        seed: seed of the draws.

    Returns:
        (low, high) by metric; NaN where a metric is defined for nobody.
    """
    if not values:
        return {}
    table = np.column_stack(list(values.values()))
    defined = ~np.isnan(table)
    whole = bool(defined.all())
    filled = table if whole else np.where(defined, table, 0.0)
    blocks = []
    for weights in _resample_weights(len(table), resamples, seed):
        drawn = len(table) if whole else weights @ defined
        with np.errstate(invalid="ignore"):
            blocks.append(weights @ filled / drawn)
    means = np.concatenate(blocks)
    ends = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(means, ends, axis=0) if whole else _quantiles(means, ends)
    return {name: (float(low[at]), float(high[at])) for at, name in enumerate(values)}


def _resample_weights(n: int, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each of n users is in each resample of n draws, float64 [some, n], block by block."""
    rng = np.random.default_rng(seed)
    step = max(1, BLOCK // n)
    for begin in range(0, resamples, step):
        rows = min(step, resamples - begin)
        drawn = rng.integers(n, size=(rows, n))
        drawn += np.arange(rows)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)


def _quantiles(means: NDArray[np.float64], ends: list[float]) -> NDArray[np.float64]:
    """Quantiles of each column over the resamples in which its metric was defined for anybody."""
    found = np.full((len(ends), means.shape[1]), np.nan)
    for at in range(means.shape[1]):
        known = means[~np.isnan(means[:, at]), at]
        if len(known):
            found[:, at] = np.quantile(known, ends)
    return found
