"""Surprise: what popularity adds to one person's scores, to be taken off them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PopularityLevels"]

MOST_LEVELS, ITEMS_A_LEVEL = 40, 10
FEW_USERS = 10  # items of fewer count as of so many: what was learned from less is noise, and no discovery


@dataclass(frozen=True, eq=False)
class PopularityLevels:
    """Items divided by popularity into levels of about as many items each; those of equally many users stand together.

    Attributes:
        order: item indices, those of the fewest users first, int64 [items].
        start: where each level begins in `order`, int64 [levels].
        middle: mean ln(users) of each level, rising, float64 [levels].
        place: ln(users) of each item, float64 [items].
    """

    order: NDArray[np.int64]
    start: NDArray[np.int64]
    middle: NDArray[np.float64]
    place: NDArray[np.float64]

    @classmethod
    def of(cls, popularity: NDArray[np.int64]) -> PopularityLevels:
        """The levels of items by their numbers of users, int64 [items]."""
        place = np.log(np.maximum(popularity, FEW_USERS))
        order = np.argsort(place, kind="stable")
        levels = max(1, min(MOST_LEVELS, len(order) // ITEMS_A_LEVEL))
        even = place[order[np.arange(levels) * len(order) // levels]]
        start = np.unique(np.searchsorted(place[order], even))
        return cls(order, start, _means(place[order], start), place)

    def part(self, scores: NDArray[np.float32]) -> NDArray[np.float64]:
        """What popularity alone would lead one to expect of somebody's scores: float64 [items].

        The mean score of each level, joined by straight lines over ln(users) that go on at both ends. It is all of
        popularity's part, be it of a prior or of the embeddings, and this person's own: who likes what everybody likes
        has more of it.

        Args:
            scores: of all items, finite, float32 [items].
        """
        means, middle = _means(scores[self.order], self.start), self.middle
        part = np.interp(self.place, middle, means)
        if len(middle) > 1:
            for end, beyond in (((0, 1), self.place < middle[0]), ((-1, -2), self.place > middle[-1])):
                slope = np.subtract(*means[[*end]]) / np.subtract(*middle[[*end]])
                part[beyond] += slope * (self.place[beyond] - middle[end[0]])
        return part

    def without(self, scores: NDArray[np.float32], taste: NDArray[np.float32], surprise: float) -> NDArray[np.float32]:
        """Scores without popularity's part. What taste speaks against is below all else: being rare is no reason.

        Args:
            scores: of all items, finite, float32 [items].
            taste: the scores without a prior, float32 [items].
            surprise: from 0, all as it was, to 1, nothing of the part left. Its share taken off is s (2 - s): lists
                change little at first, and evenly so.
        """
        left = scores - surprise * (2 - surprise) * self.part(scores)
        left[taste <= 0] -= left.max() - left.min()
        return left.astype(np.float32)


def _means(values: NDArray[np.floating], start: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean of each run of values."""
    counts = np.diff(np.append(start, len(values)))
    means: NDArray[np.float64] = np.add.reduceat(values, start, dtype=np.float64) / counts
    return means
