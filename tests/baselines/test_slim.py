from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tastegraph.baselines import slim
from tastegraph.baselines.slim import SLIM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.data.interactions import Interactions


@pytest.mark.parametrize(("l1", "l2"), [(1.0, 1.0), (0.3, 5.0), (3.0, 0.1)])
def test_weights_are_those_of_scikit_learns_elastic_net(
    two_tastes: Interactions, dense: NDArray[np.float64], l1: float, l2: float
) -> None:
    from sklearn.linear_model import ElasticNet

    model = SLIM(l1=l1, l2=l2, tolerance=1e-6).fit(two_tastes)
    assert model.unsettled == 0
    weights = model.weights.toarray()
    n = len(dense)
    for item in (0, 7, 25, 39):
        others = np.delete(dense, item, axis=1)
        net = ElasticNet(
            alpha=(l1 + l2) / n, l1_ratio=l1 / (l1 + l2), positive=True, fit_intercept=False, tol=1e-10, max_iter=20_000
        ).fit(others, dense[:, item])
        np.testing.assert_allclose(np.delete(weights[:, item], item), net.coef_, atol=1e-5)
    assert (np.diag(weights) == 0).all()
    assert (weights >= 0).all()
    assert 0 < (weights > 0).mean() < 0.7


def test_blocks_of_items_change_nothing(two_tastes: Interactions, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = SLIM(l1=1.0, l2=1.0).fit(two_tastes).weights.toarray()
    monkeypatch.setattr(slim, "BLOCK_BYTES", 1200)
    assert np.array_equal(SLIM(l1=1.0, l2=1.0).fit(two_tastes).weights.toarray(), whole)


def test_an_item_that_did_not_settle_is_counted(two_tastes: Interactions) -> None:
    assert SLIM(l1=0.1, l2=0.1, sweeps=1, tolerance=1e-9).fit(two_tastes).unsettled > 0


def test_a_penalty_beyond_every_overlap_leaves_nothing(two_tastes: Interactions) -> None:
    assert SLIM(l1=1e6).fit(two_tastes).weights.nnz == 0
