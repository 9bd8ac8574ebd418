"""PureSVD, PARAFAC, ALS and BPR against what they stand on, used by hand."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tastegraph.baselines.implicit_als import ImplicitALS
from tastegraph.baselines.implicit_bpr import ImplicitBPR
from tastegraph.baselines.parafac import PARAFAC
from tastegraph.baselines.pure_svd import PureSVD
from tastegraph.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.data.dataset import Dataset
    from tastegraph.data.interactions import Interactions


@pytest.mark.parametrize("factors", [3, 30, 40, 500])  # Lanczos, dense, all, more than there are
def test_puresvd_is_the_truncated_svd(two_tastes: Interactions, dense: NDArray[np.float64], factors: int) -> None:
    model = PureSVD(factors=factors).fit(two_tastes)
    u, s, vt = np.linalg.svd(dense, full_matrices=False)
    best = (u[:, :factors] * s[:factors]) @ vt[:factors]
    np.testing.assert_allclose(model.e_users @ model.e_items.T, best, atol=2e-5)


def test_parafac_is_tensorlys(two_tastes: Interactions, dense: NDArray[np.float64]) -> None:
    from tensorly.cp_tensor import cp_to_tensor
    from tensorly.decomposition import parafac

    model = PARAFAC(factors=5, iterations=30, seed=3).fit(two_tastes)
    theirs = cp_to_tensor(parafac(dense, rank=5, n_iter_max=30, tol=1e-6, init="random", random_state=3))
    np.testing.assert_allclose(model.e_users @ model.e_items.T, theirs, atol=1e-3)


def test_parafac_of_a_matrix_comes_to_its_svd(two_tastes: Interactions) -> None:
    ours = PARAFAC(factors=2, iterations=500, tolerance=0.0).fit(two_tastes)
    svd = PureSVD(factors=2).fit(two_tastes)
    np.testing.assert_allclose(ours.e_users @ ours.e_items.T, svd.e_users @ svd.e_items.T, atol=1e-3)


def test_parafac_refuses_a_matrix_beyond_its_limit(two_tastes: Interactions) -> None:
    line = "60 users x 40 items, 0.0 GB in float32; dense_limit allows 0.0 GB"
    with pytest.raises(ModelError, match=line):
        PARAFAC(dense_limit=4 * 60 * 40 - 1).fit(two_tastes)
    PARAFAC(factors=2, dense_limit=4 * 60 * 40).fit(two_tastes)


def test_als_is_implicits(movielens_100k: Dataset) -> None:
    """Same data in, same factors out, with threads of its own."""
    from implicit.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    fit = movielens_100k.interactions.positives(3.0).compact()
    model = ImplicitALS(factors=8, regularization=0.5, confidence=4.0, iterations=3, seed=5).fit(fit)
    r = csr_matrix((np.full(len(fit), 4.0), (fit.user, fit.item)))
    with threadpool_limits(1, "blas"):
        theirs = AlternatingLeastSquares(
            factors=8, regularization=0.5, alpha=1.0, iterations=3, random_state=5, num_threads=1
        )
        theirs.fit(r, show_progress=False)
        items, _ = theirs.recommend(7, r[7], N=10, filter_already_liked_items=False)
    np.testing.assert_allclose(model.e_users, theirs.user_factors, atol=1e-5)
    np.testing.assert_allclose(model.e_items, theirs.item_factors, atol=1e-5)
    assert model.rank(np.array([7]), 10, None)[0].tolist() == items.tolist()


def test_bpr_is_implicits(two_tastes: Interactions) -> None:
    from implicit.bpr import BayesianPersonalizedRanking
    from threadpoolctl import threadpool_limits

    model = ImplicitBPR(factors=4, iterations=7, seed=5).fit(two_tastes)
    r = csr_matrix((np.ones(len(two_tastes)), (two_tastes.user, two_tastes.item)), shape=(60, 40))
    with threadpool_limits(1, "blas"):
        theirs = BayesianPersonalizedRanking(
            factors=4, learning_rate=model.config.learning_rate, regularization=model.config.regularization,
            iterations=7, random_state=5, num_threads=1, verify_negative_samples=True,
        )  # fmt: skip
        theirs.fit(r, show_progress=False)
    assert np.array_equal(model.e_users, theirs.user_factors)
    assert np.array_equal(model.e_items, theirs.item_factors)


@pytest.mark.parametrize(
    ("model", "package"), [(PARAFAC, "tensorly"), (ImplicitALS, "implicit"), (ImplicitBPR, "implicit")]
)
def test_a_missing_library_is_named_with_its_extra(
    two_tastes: Interactions, monkeypatch: pytest.MonkeyPatch, model: type[PARAFAC], package: str
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        ModelError, match=rf'needs {package}, of the extra "compare": pip install "tastegraph\[compare\]"'
    ):
        model().fit(two_tastes)


def test_factors_that_are_no_numbers_are_told_in_a_line(two_tastes: Interactions) -> None:
    with pytest.raises(
        ModelError, match="BPR did not train: its factors are not finite; a smaller learning_rate helps"
    ):
        ImplicitBPR(learning_rate=10.0, regularization=10.0).fit(two_tastes)
