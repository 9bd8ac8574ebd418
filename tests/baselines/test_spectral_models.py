"""GF-CF and ChebyCF against their dense formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.polynomial import chebyshev

from tastegraph.baselines.cheby_cf import ChebyCF, plateau_coefficients
from tastegraph.baselines.gf_cf import GFCF

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.data.interactions import Interactions

USERS = np.arange(60)


def normalised(r: NDArray[np.float64]) -> NDArray[np.float64]:
    """D_u^-1/2 R D_i^-1/2."""
    d_u, d_i = np.maximum(r.sum(1), 1), r.sum(0)
    return np.asarray(r / np.sqrt(d_u)[:, None] / np.sqrt(d_i))


def low_pass(r: NDArray[np.float64], vectors: int) -> NDArray[np.float64]:
    v = np.linalg.svd(normalised(r), full_matrices=False)[2][:vectors].T
    return np.asarray(v @ v.T)


def agree(lists: NDArray[np.int32], scores: NDArray[np.float64]) -> None:
    """The listed items have the best scores of the formula, in order, up to round-off."""
    best = -np.sort(-scores, axis=1)[:, : lists.shape[1]]
    np.testing.assert_allclose(np.take_along_axis(scores, lists.astype(np.int64), 1), best, atol=1e-5 * abs(best).max())


@pytest.mark.parametrize(("vectors", "weight"), [(5, 0.3), (0, 0.3), (5, 0.0), (400, 1.5)])
def test_gfcf_is_its_dense_formula(
    two_tastes: Interactions, dense: NDArray[np.float64], vectors: int, weight: float
) -> None:
    r_norm, d_i = normalised(dense), dense.sum(0)
    ideal = low_pass(dense, vectors) * np.sqrt(d_i) / np.sqrt(d_i)[:, None]
    scores = dense @ (r_norm.T @ r_norm + weight * ideal)
    agree(GFCF(vectors=vectors, weight=weight).fit(two_tastes).rank(USERS, 10, None), scores)


@pytest.mark.parametrize("vectors", [0, 6])
@pytest.mark.parametrize(("order", "flatness", "power"), [(8, 1.5, 0.4), (1, 1.0, 0.0), (5, 10.0, 0.5)])
def test_chebycf_is_its_dense_polynomial(
    two_tastes: Interactions, dense: NDArray[np.float64], order: int, flatness: float, power: float, vectors: int
) -> None:
    model = ChebyCF(order=order, flatness=flatness, degree_power=power, vectors=vectors, weight=0.2).fit(two_tastes)
    r_norm, d_i = normalised(dense), dense.sum(0)
    value, vector = np.linalg.eigh(np.eye(40) - 2 * r_norm.T @ r_norm)
    h = vector * chebyshev.chebval(value, plateau_coefficients(order, flatness)) @ vector.T
    scores = dense / d_i**power @ (h + 0.2 * low_pass(dense, vectors)) * d_i**power
    agree(model.rank(USERS, 10, None), scores)


@pytest.mark.parametrize(("order", "flatness"), [(1, 1.0), (8, 1.5), (7, 10.0), (12, 0.1)])
def test_the_interpolant_takes_the_plateaus_values_at_the_nodes(order: int, flatness: float) -> None:
    n = np.arange(order + 1)
    nodes, extreme = np.cos(np.pi * (n + 0.5) / (order + 1)), np.round(np.cos(np.pi * n / order), 9)
    values = chebyshev.chebval(nodes, plateau_coefficients(order, flatness))
    np.testing.assert_allclose(values, 0.5 - 0.5 * np.sign(extreme) * abs(extreme) ** flatness, atol=1e-8)
    assert values[[0, -1]] == pytest.approx([0, 1])  # the highest frequency is stopped, the lowest passes


def test_items_and_users_without_a_positive_break_nothing(two_tastes: Interactions) -> None:
    fewer = two_tastes.where((two_tastes.item > 2) & (two_tastes.user < 30))
    for model in (GFCF(vectors=4), ChebyCF(vectors=4)):
        lists = model.fit(fewer).rank(USERS, 40, None)
        assert (np.sort(lists, axis=1) == np.arange(40)).all()
        assert lists[45].tolist() == list(range(40))  # all scores are 0
