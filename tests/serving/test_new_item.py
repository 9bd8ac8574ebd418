from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tastegraph.errors import ModelError, UnknownUserError
from tastegraph.serving.new_item import new_item
from tastegraph.serving.recommender import Recommender

if TYPE_CHECKING:
    from .conftest import Small

ALPHA = (0.1, 0.2, 0.3, 0.4)


def test_a_new_item_is_what_the_network_computes_for_a_node_with_e0_zero(small: Small) -> None:
    """The dense formula: a node more, which its likers do not hear; cosine and prior as for the items learned."""
    users, items = small.adjacency.shape
    degree = small.edges.sum(1)
    p = np.zeros((users + items + 1, users + items + 1))
    p[:-1, :-1] = small.propagation
    a, b = small.saved.folding.exponents
    likers = [1, 4, 10]
    p[-1, likers] = 3**-a * degree[likers] ** -b
    x = np.concatenate([small.e0, np.zeros((1, 4))])
    total = np.zeros_like(x)
    for weight in ALPHA:
        total += weight * x
        x = p @ x
    row = total[-1]
    if small.saved.ranking == "cosine":
        row = row / np.linalg.norm(row)
    if small.saved.e_items.shape[1] == 5:
        row = np.append(row, 0.3 * np.log(3))
    np.testing.assert_allclose(new_item(small.saved, likers), row, rtol=1e-5, atol=1e-6)


def test_an_audience_is_ordered_by_score_and_leaves_out_the_likers(small: Small) -> None:
    recommender = Recommender(small.saved)
    scores = small.saved.e_users @ new_item(small.saved, [1, 4])
    audience = recommender.audience(["u01", "u04"], 12)
    assert [int(str(place.user)[1:]) for place in audience] == [n for n in np.argsort(-scores) if n not in (1, 4)]
    np.testing.assert_allclose([p.score for p in audience], [scores[int(str(p.user)[1:])] for p in audience])
    with pytest.raises(ModelError, match="at least one user"):
        recommender.audience([], 3)
    with pytest.raises(UnknownUserError, match="nearest"):
        recommender.audience(["nobody"], 3)
    with pytest.raises(ModelError, match="k = 0"):
        recommender.audience(["u01"], 0)
