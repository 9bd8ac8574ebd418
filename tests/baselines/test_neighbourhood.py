"""ItemKNN and RP3beta against their dense formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tastegraph.baselines import item_items
from tastegraph.baselines.item_knn import ItemKNN
from tastegraph.baselines.rp3beta import RP3beta

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.data.interactions import Interactions


def strongest_of_columns(w: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Each column's k largest off the diagonal, ties by lower row."""
    w = w.copy()
    np.fill_diagonal(w, 0)
    order = np.argsort(-w.astype(np.float32), axis=0, kind="stable")
    np.put_along_axis(w, order[k:], 0, axis=0)
    return w


@pytest.fixture(params=[1 << 25, 800])  # the whole matrix at once, and five rows at a time
def block_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_items, "BLOCK_BYTES", request.param)


@pytest.mark.usefixtures("block_bytes")
@pytest.mark.parametrize(("neighbours", "shrinkage"), [(7, 0.0), (7, 25.0), (1000, 3.0)])
def test_itemknn_is_the_pruned_cosine(
    two_tastes: Interactions, dense: NDArray[np.float64], neighbours: int, shrinkage: float
) -> None:
    model = ItemKNN(neighbours=neighbours, shrinkage=shrinkage).fit(two_tastes)
    shared = dense.T @ dense
    degree = np.diag(shared)
    cosine = shared / (np.sqrt(np.outer(degree, degree)) + shrinkage)
    np.testing.assert_allclose(model.weights.toarray(), strongest_of_columns(cosine, neighbours), rtol=1e-5)


@pytest.mark.usefixtures("block_bytes")
@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.0), (1.0, 0.6), (0.7, 0.3)])
def test_rp3beta_is_the_walk_of_three_steps(
    two_tastes: Interactions, dense: NDArray[np.float64], alpha: float, beta: float
) -> None:
    model = RP3beta(neighbours=12, alpha=alpha, beta=beta).fit(two_tastes)
    users_of, items_of = dense.sum(0), np.maximum(dense.sum(1), 1)
    from_item = (dense / users_of).T ** alpha  # item -> user, a row sums to 1 at alpha 1
    from_user = (dense / items_of[:, None]) ** alpha
    walks = from_item @ from_user / users_of**beta
    np.testing.assert_allclose(model.weights.toarray(), strongest_of_columns(walks, 12), rtol=1e-5)


def test_an_items_score_sums_over_those_the_user_has(two_tastes: Interactions, dense: NDArray[np.float64]) -> None:
    model = ItemKNN(neighbours=5).fit(two_tastes)
    scores = dense @ model.weights.toarray().astype(np.float64)
    (items,) = model.rank(np.array([3]), 5, None)
    np.testing.assert_allclose(scores[3, items], np.sort(scores[3])[::-1][:5], rtol=1e-5)
