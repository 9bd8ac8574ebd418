"""Whether one model is better than another on the same users: sign-flip tests, Holm's correction, who ties the best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tastegraph.errors import EvaluationError
from tastegraph.ranking.intervals import bootstrap_intervals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["AgainstBest", "against_best", "holm", "sign_flip_test"]

BLOCK = 1 << 22
TOLERANCE = 1e-9  # relative: sums of the same numbers in another order are ties


@dataclass(frozen=True)
class AgainstBest:
    """One model beside the best.

    Attributes:
        mean: its mean over users.
        behind: how far it is behind the best, user by user on average; 0 for the best itself.
        interval: 95 % bootstrap interval of that paired difference.
        p: of the sign-flip test of that difference; 1 for the best itself.
        p_holm: p corrected for all models compared with the best.
        tied: whether it cannot be told from the best: `p_holm` is above the level.
    """

    mean: float
    behind: float
    interval: tuple[float, float]
    p: float
    p_holm: float
    tied: bool


def sign_flip_test(differences: NDArray[np.float64], *, flips: int = 10_000, seed: int = 0) -> NDArray[np.float64]:
    """Two-sided paired randomisation test that the mean difference is 0 (Fisher 1935; Smucker, Allan, Carterette 2007).

    If two models are equally good, a user's difference is as likely as its negative. p is the share of sign patterns
    whose |sum| is at least the one observed: all 2^n of them where these are no more than `flips`, else `flips` random
    ones with the observed pattern counted in, p = (1 + as large) / (1 + flips), which is never 0 (Phipson, Smyth 2010).
    All columns share the patterns, in one matrix product. NaN counts as no difference.

    Args:
        differences: of each user in each comparison, float64 [n, comparisons] or [n].
        flips: number of random patterns.
        seed: of their draw.

    Returns:
        p of each comparison, float64 [comparisons].
    """
    table = np.nan_to_num(differences.reshape(len(differences), -1))
    observed = np.abs(table.sum(axis=0)) * (1 - TOLERANCE)
    exact = len(table) < flips.bit_length()  # 2^n <= flips
    patterns = _all_signs(len(table)) if exact else _random_signs(len(table), flips, seed)
    as_large = np.zeros(table.shape[1])
    for signs in patterns:
        as_large += (np.abs(signs @ table) >= observed).sum(axis=0)
    return as_large / (1 << len(table)) if exact else (1 + as_large) / (1 + flips)


def holm(p: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Correct p values so that the chance of any false finding among them stays below the level (Holm 1979).

    With m of them in ascending order, the r-th becomes the largest of (m - s + 1) p_(s) over s <= r, at most 1. They
    come back as they were handed in, float64 [m].
    """
    given = np.asarray(p, np.float64)
    order = np.argsort(given)
    raised = np.maximum.accumulate((len(given) - np.arange(len(given))) * given[order])
    corrected = np.empty_like(given)
    corrected[order] = np.minimum(raised, 1.0)
    return corrected


def against_best(
    values: Mapping[str, NDArray[np.float64]],
    *,
    higher_is_better: bool = True,
    level: float = 0.05,
    flips: int = 10_000,
    seed: int = 0,
) -> dict[str, AgainstBest]:
    """Which of several models cannot be told from the best, on one metric over the same users.

    The family that Holm's correction is over is the models compared with the best one. The best is chosen by the same
    data, so models of truly equal worth are called worse a little more often than `level` says.

    Args:
        values: by model, its metric user by user in the same order, float64 [n].
        higher_is_better: whether the best has the highest mean.
        level: of the test.
        flips: sign patterns; see `sign_flip_test`.
        seed: of patterns and resamples.

    Raises:
        EvaluationError: the models were judged on different numbers of users, or there is none.
    """
    values = {name: np.asarray(own, np.float64) for name, own in values.items()}
    lengths = {len(own) for own in values.values()}
    if len(lengths) != 1 or lengths == {0}:
        raise EvaluationError(f"models must be judged on the same users; found {sorted(lengths)} of them")
    for name, own in values.items():
        if np.isnan(own).all():
            raise EvaluationError(f"{name}: the metric is defined for no user")
    means = {name: float(np.nanmean(own)) for name, own in values.items()}
    sign = 1.0 if higher_is_better else -1.0
    best = max(means, key=lambda name: sign * means[name])
    behind = {name: sign * (values[best] - own) for name, own in values.items() if name != best}
    if not behind:
        return {best: _itself(means[best])}
    p = sign_flip_test(np.column_stack(list(behind.values())), flips=flips, seed=seed)
    intervals = bootstrap_intervals(behind, seed=seed)
    found = {best: _itself(means[best])}
    for name, raw, corrected in zip(behind, p, holm(p), strict=True):
        gap = float(np.nanmean(behind[name]))
        found[name] = AgainstBest(
            means[name], gap, intervals[name], float(raw), float(corrected), bool(corrected > level)
        )
    return {name: found[name] for name in values}


def _itself(mean: float) -> AgainstBest:
    return AgainstBest(mean, 0.0, (0.0, 0.0), 1.0, 1.0, tied=True)


def _all_signs(n: int) -> Iterator[NDArray[np.float64]]:
    """Every pattern of n signs, float64 [2^n, n]."""
    patterns = np.arange(1 << n)[:, None] >> np.arange(n) & 1
    yield np.asarray(1 - 2 * patterns, np.float64)


def _random_signs(n: int, flips: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Random patterns of n signs, float64 [some, n], block by block: a bit each."""
    rng = np.random.default_rng(seed)
    step = max(1, BLOCK // n)
    width = -(-n // 8)
    for begin in range(0, flips, step):
        rows = min(step, flips - begin)
        octets = rng.integers(256, size=(rows, width), dtype=np.uint8)
        bits = np.unpackbits(octets, axis=1, count=n)
        yield np.asarray(1 - 2.0 * bits, np.float64)
