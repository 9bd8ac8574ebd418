"""Lists of a fitted model: who is asked for is checked, scores are made block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from tastegraph.errors import ModelError, UnknownUserError
from tastegraph.graph.top_k import rank_blocks, rank_by_inner_product

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tastegraph.baselines.protocol import Baseline
    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["Factors", "Learned", "known_users", "rank_by_factors", "rank_by_score"]


class Learned(Protocol):
    """What has learned users: a baseline, or whatever else keeps to their protocol."""

    title: ClassVar[str]
    num_users: int


class Factors(Learned, Protocol):
    """What has learned a row of each user and item whose inner products are the scores, float32 [n, d] each."""

    e_users: NDArray[np.float32]
    e_items: NDArray[np.float32]


def rank_by_score(
    model: Baseline,
    score_block: Callable[[NDArray[np.integer]], NDArray[np.float32]],
    users: NDArray[np.integer],
    k: int,
    exclude: NeighbourLists | None,
    multiple: int = 1,
) -> NDArray[np.int32]:
    """As `rank_blocks`, of a fitted model; `score_block` may read what it has learned.

    Raises:
        ModelError: the model is not fitted, or k is below 1.
        UnknownUserError: a user index is out of range.
    """
    asked = known_users(model, users)
    return rank_blocks(score_block, model.num_items, asked, k, exclude, multiple)


def rank_by_factors(
    model: Factors, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None
) -> NDArray[np.int32]:
    """The `k` best items of each user, int32 [n, k], by inner products of rows learned; see `rank_by_score`."""
    asked = known_users(model, users)
    return rank_by_inner_product(model.e_users, model.e_items, asked, k, exclude)


def known_users(model: Learned, users: NDArray[np.integer]) -> NDArray[np.int64]:
    """The user indices as int64 [n], once it is sure that the model has learned each of them.

    Raises:
        ModelError: the model is not fitted.
        UnknownUserError: it has not learned one of them.
    """
    if not hasattr(model, "num_users"):
        raise ModelError(f"{model.title} is not fitted; call fit first")
    asked = np.asarray(users).astype(np.int64)
    strange = asked[(asked < 0) | (asked >= model.num_users)]
    if len(strange):
        raise UnknownUserError(f"no user index {strange[0]}; {model.title} has learned 0..{model.num_users - 1}")
    return asked
