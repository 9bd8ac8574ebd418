from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tastegraph.errors import FilterError, ModelError
from tastegraph.graph.top_k import top_k
from tastegraph.serving.order import Order, ordered
from tastegraph.serving.recommender import Recommender

if TYPE_CHECKING:
    from .conftest import Small


def test_marginal_relevance_by_hand(small: Small) -> None:
    """Three items in one direction and one across: with lambda 1/2 the one across comes second.

    Relevance 1, 0.9, 0.8, 0; after the first: 0.45 - 0.5, 0.4 - 0.5, 0 - 0; then 0.45 - 0.5 before 0.4 - 0.5.
    """
    rows = np.zeros((9, small.saved.e_items.shape[1]), np.float32)
    rows[[1, 3, 5], 0], rows[7, 1] = 1, 1
    scores = np.full(9, -np.inf, np.float32)
    scores[[1, 3, 5, 7]] = [10, 9, 8, 0]
    model = replace(small.saved, e_items=rows)
    assert ordered(model, scores, 4, Order()).tolist() == [1, 3, 5, 7]
    assert ordered(model, scores, 4, Order(diversity=0.5)).tolist() == [1, 7, 3, 5]
    assert ordered(model, scores, 2, Order(diversity=0.5)).tolist() == [1, 7]
    assert ordered(model, scores, 4, Order(diversity=0.1)).tolist() == [1, 3, 5, 7]


def test_a_discount_orders_by_what_is_left_of_the_score(small: Small) -> None:
    recommender = Recommender(small.saved)
    plain = recommender.recommend("u02", 9)
    discounted = recommender.recommend("u02", 9, order=Order(popularity_discount=2.0))
    assert {place.item: place.score for place in plain} == {place.item: place.score for place in discounted}
    left = [p.score - 2 * np.log(small.adjacency[:, int(p.item) // 10 - 1].sum()) for p in discounted]
    assert left == sorted(left, reverse=True)
    assert [p.item for p in plain] != [p.item for p in discounted]


def test_one_row_is_ordered_as_top_k_orders_it(small: Small) -> None:
    """With ties at the end, places that must stay empty, and every k."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        scores = rng.integers(0, 4, 9).astype(np.float32)
        scores[rng.random(9) < 0.3] = -np.inf
        for k in range(1, 10):
            expected = top_k(scores[None], k)[0]
            assert ordered(small.saved, scores, k, Order()).tolist() == expected[expected >= 0].tolist()
    with pytest.raises(ModelError, match="NaN"):
        ordered(small.saved, np.full(9, np.nan, np.float32), 2, Order())


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(FilterError, match=r"between 0 and 1; found 1\.5"):
        Order(diversity=1.5)
    with pytest.raises(FilterError, match="from 0 to 1,000,000; found nan"):
        Order(popularity_discount=float("nan"))
    for strange in (None, "x", True, 1e300):
        with pytest.raises(FilterError, match="found "):
            Order(popularity_discount=strange)  # type: ignore[arg-type]
        with pytest.raises(FilterError, match="found "):
            Order(diversity=strange)  # type: ignore[arg-type]
        with pytest.raises(FilterError, match="found "):
            Order(surprise=strange)  # type: ignore[arg-type]
