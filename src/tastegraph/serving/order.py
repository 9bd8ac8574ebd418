"""The order of a list: by score, or with popularity taken off, or with likeness to what stands above taken off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tastegraph.errors import FilterError, shown
from tastegraph.graph.top_k import top_k

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.saved_model import SavedModel

__all__ = ["Order", "candidates_of", "ordered"]

LARGEST_DISCOUNT = 1_000_000  # by then nothing but popularity orders a list
CANDIDATES = 100  # the best so many items, or 5 k, are what a diverse list is made of


@dataclass(frozen=True)
class Order:
    """How a list is ordered; as it stands, by score.

    Attributes:
        diversity: lambda of maximal marginal relevance, 0 to 1.
        popularity_discount: c, 0 to 1,000,000; c ln(users of the item) is taken off its score.
        surprise: 0 to 1, where what popularity adds to this person's scores is all taken off (see `PopularityLevels`).
    """

    diversity: float = 0.0
    popularity_discount: float = 0.0
    surprise: float = 0.0

    def __post_init__(self) -> None:
        for name in ("diversity", "surprise"):
            if not _lies_in(getattr(self, name), 1):
                raise FilterError(f"{name} lies between 0 and 1; found {shown(getattr(self, name))}")
        if not _lies_in(self.popularity_discount, LARGEST_DISCOUNT):
            found = shown(self.popularity_discount)
            raise FilterError(f"the popularity discount is a number from 0 to {LARGEST_DISCOUNT:,}; found {found}")


def _lies_in(value: Any, last: float) -> bool:
    """Whether a value is a number from 0 to `last`."""
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and bool(0 <= value <= last)


def candidates_of(k: int, order: Order) -> int:
    """How many of the best items a list of `k` is made of."""
    return max(CANDIDATES, 5 * k) if order.diversity else k


def ordered(
    model: SavedModel, scores: NDArray[np.float32], k: int, order: Order, items: NDArray[np.integer] | None = None
) -> NDArray[np.integer]:
    """The indices of a list of `k` items, or of as many as there are, best first.

    Args:
        model: whose items.
        scores: of all items, or of `items`; -inf for what the list must not hold, and without what `order.surprise`
            takes off, float32 [n].
        k: at least 1.
        order: how.
        items: the indices of what the scores are of, ascending, [n]; None for all.
    """
    if order.popularity_discount:
        popularity = model.popularity if items is None else model.popularity[items]
        scores = (scores - order.popularity_discount * np.log(np.maximum(popularity, 1))).astype(np.float32)
    best = _best(scores, candidates_of(k, order))
    candidates = best if items is None else items[best]
    if not order.diversity or not len(candidates):
        return candidates
    rows = model.e_items[candidates, : model.width]
    return np.take(candidates, _marginal(rows, scores[best], k, order.diversity))


def _best(scores: NDArray[np.float32], k: int) -> NDArray[np.int32]:
    """`top_k` of one row, without empty places: only entries that reach the k-th largest are put in order."""
    reach = np.arange(len(scores))
    if k < len(scores) and not np.isnan(scores).any():
        reach = np.flatnonzero(scores >= np.partition(scores, len(scores) - k)[len(scores) - k])
    best = top_k(scores[reach][None], k)[0]
    return np.asarray(reach[best[best >= 0]], np.int32)


def _marginal(rows: NDArray[np.float32], scores: NDArray[np.float32], k: int, diversity: float) -> NDArray[np.int64]:
    """Maximal marginal relevance (Carbonell and Goldstein 1998): the next place goes to the highest

    (1 - lambda) relevance - lambda (highest cosine to a place above), with scores brought to 0..1 as relevance.
    """  # noqa: D415 (the sentence goes on in the formula)
    span = float(scores.max() - scores.min()) or 1.0
    relevance = (scores - scores.min()) / span
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    likeness = np.zeros(len(rows), np.float32)
    chosen: list[int] = []
    free = np.ones(len(rows), np.bool_)
    for _ in range(min(k, len(rows))):
        marginal = np.where(free, (1 - diversity) * relevance - diversity * likeness, -np.inf)
        best = int(marginal.argmax())
        cosine = unit @ unit[best]
        likeness = cosine if not chosen else np.maximum(likeness, cosine)
        chosen.append(best)
        free[best] = False
    return np.array(chosen, np.int64)
