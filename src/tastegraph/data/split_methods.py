"""Ways to split positives: each gives every pair its part, and none lets a pair into two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tastegraph.data.times import Times

__all__ = [
    "FIT",
    "TEST",
    "VALIDATION",
    "cuts_by_share",
    "folds_split",
    "leave_one_out",
    "order_split",
    "ratio_split",
    "time_split",
    "user_time_split",
]

BLOCK = 1 << 20  # pairs at a time
FIT: Final = 0
VALIDATION: Final = 1
TEST: Final = 2


def ratio_split(
    user: NDArray[np.int32],
    ratios: tuple[float, float, float],
    seed: int,
    among: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """Put each pair into FIT, VALIDATION or TEST at random, by shares within each user.

    Counts are RecBole's: test and validation get floor(share x n); a share above 0 that comes to less than one pair
    gets one, test before validation, as long as fit keeps at least one.

    Args:
        user: user index of each pair, int32 [n].
        ratios: shares of fit, validation, test.
        seed: seed of the draw; the same seed and pairs give the same parts.
        among: pairs to split, bool [n]; the others become TEST. All, by default.

    Returns:
        The part of each pair, uint8 [n].
    """
    draw = np.random.default_rng(seed).random(len(user) if among is None else np.count_nonzero(among))
    return _deal(user, among, draw, ratios)


def order_split(
    user: NDArray[np.int32], place: NDArray[np.int64], ratios: tuple[float, float, float], among: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """As `ratio_split`, each user's pairs in the order of their places in a file instead of at random."""
    return _deal(user, among, place[among], ratios)


def user_time_split(
    user: NDArray[np.int32], time: Times, ratios: tuple[float, float, float], seed: int
) -> NDArray[np.uint8]:
    """Put each user's pairs into FIT, VALIDATION and TEST in the order of their times, by shares as `ratio_split`.

    Pairs of one moment are ordered at random. What other users did after a user's cut stays in fit: the future leaks.
    """
    return _deal(user, None, _time_then_chance(time, seed), ratios)


def leave_one_out(user: NDArray[np.int32], time: Times, seed: int) -> NDArray[np.uint8]:
    """The last pair of each user by time becomes TEST and the one before VALIDATION, as long as fit keeps one.

    The part of each pair is uint8 [n]. Of pairs of one moment a random one is the last. A user with two pairs has no
    validation pair, one with a single pair is in fit alone.
    """
    order = np.lexsort((_time_then_chance(time, seed), user))
    _, start, n = np.unique(user[order], return_index=True, return_counts=True)
    from_the_end = np.repeat(n, n) - 1 - (np.arange(len(order)) - np.repeat(start, n))
    of_user = np.repeat(n, n)
    part = np.full(len(user), FIT, np.uint8)
    part[order[(from_the_end == 0) & (of_user > 1)]] = TEST
    part[order[(from_the_end == 1) & (of_user > 2)]] = VALIDATION
    return part


def time_split(time: Times, validation_since: float, test_since: float) -> NDArray[np.uint8]:
    """One cut through time for everybody: TEST from `test_since` on, VALIDATION from `validation_since`; uint8 [n]."""
    part = np.full(len(time), FIT, np.uint8)
    part[time >= validation_since] = VALIDATION
    part[time >= test_since] = TEST
    return part


def cuts_by_share(time: Times, ratios: tuple[float, float, float]) -> tuple[float, float]:
    """The moments from which validation and test begin, so that they hold about their shares of the pairs.

    Pairs of one moment are in one part, so shares are met as far as times differ.
    """
    ordered = np.sort(time)
    first = [int(share * len(ordered)) for share in (ratios[0], ratios[0] + ratios[1])]
    validation, test = (float(ordered[at]) if at < len(ordered) else np.inf for at in first)
    return (validation if ratios[1] > 0 else test), (test if ratios[2] > 0 else np.inf)


def folds_split(n: int, folds: int, fold: int, seed: int) -> NDArray[np.bool_]:
    """Which of n pairs are in the `fold`-th of `folds` random folds, from 1, of sizes alike but for one; bool [n]."""
    place: NDArray[np.int64] = np.random.default_rng(seed).permutation(n)
    test: NDArray[np.bool_] = place % folds == fold - 1
    return test


def _time_then_chance(time: Times, seed: int) -> NDArray[np.int64]:
    """A rank of each pair by time; equal times in random order."""
    chance = np.random.default_rng(seed).random(len(time))
    rank = np.empty(len(time), np.int64)
    rank[np.lexsort((chance, time))] = np.arange(len(time))
    return rank


def _deal(
    user: NDArray[np.int32],
    among: NDArray[np.bool_] | None,
    key: NDArray[np.float64] | NDArray[np.int64],
    ratios: tuple[float, float, float],
) -> NDArray[np.uint8]:
    """Give each user's pairs among some (all, by default), in the order of their `key`, to fit, validation and test.

    The others are TEST. `key` has an entry for each pair that is given. Pairs in order of their users are taken some
    users at a time, so that little of their whole length is made.
    """
    part = np.full(len(user), TEST, np.uint8)
    given = 0
    for first, end in _blocks_of_users(user):
        chosen = first + (np.arange(end - first) if among is None else np.flatnonzero(among[first:end]))
        part[chosen] = _dealt(user[chosen], key[given : given + len(chosen)], ratios)
        given += len(chosen)
    return part


def _blocks_of_users(user: NDArray[np.int32]) -> Iterator[tuple[int, int]]:
    """First and last of some pairs at a time, those of a user together; all at once where users are in no order."""
    first = 0
    ordered = not bool((user[1:] < user[:-1]).any())
    while first < len(user):
        last = min(first + BLOCK, len(user)) - 1
        end = int(np.searchsorted(user, user[last], side="right")) if ordered else len(user)
        yield first, end
        first = end


def _dealt(
    user: NDArray[np.int32], key: NDArray[np.float64] | NDArray[np.int64], ratios: tuple[float, float, float]
) -> NDArray[np.uint8]:
    """The part of each pair."""
    order = np.lexsort((key, user))
    _, start, n = np.unique(user[order], return_index=True, return_counts=True)
    fit, validation, _ = _part_sizes(n, ratios)
    place = np.arange(len(order)) - np.repeat(start, n)
    part = np.empty(len(user), np.uint8)
    part[order] = np.where(
        place < np.repeat(fit, n),
        FIT,
        np.where(place < np.repeat(fit + validation, n), VALIDATION, TEST),
    )
    return part


def _part_sizes(
    n: NDArray[np.int64], ratios: tuple[float, float, float]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    validation = (ratios[1] * n).astype(np.int64)
    test = (ratios[2] * n).astype(np.int64)
    fit = n - validation - test
    for share, held in ((ratios[2], test), (ratios[1], validation)):
        lifted = (fit > 1) & (share > 0) & (share * n < 1)
        held[lifted] += 1
        fit[lifted] -= 1
    return fit, validation, test
