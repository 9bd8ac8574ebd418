from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from tastegraph.baselines.ease import EASE, _invert
from tastegraph.data.interactions import Interactions
from tastegraph.data.load import load
from tastegraph.errors import ModelError
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.graph.top_k import top_k
from tastegraph.ranking.full_ranking import Relevant, full_ranking

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from tastegraph.data.dataset import Dataset

JUDGED = 1000  # users; Cornac scores them one by one


def dense_ease(r: NDArray[np.float64], l2: float) -> NDArray[np.float64]:
    p = np.linalg.inv(r.T @ r + l2 * np.eye(r.shape[1]))
    b: NDArray[np.float64] = np.asarray(-p / np.diag(p))
    np.fill_diagonal(b, 0)
    return b


@pytest.mark.parametrize("l2", [0.5, 10.0, 500.0])
def test_weights_are_the_closed_form(two_tastes: Interactions, dense: NDArray[np.float64], l2: float) -> None:
    model = EASE(l2=l2).fit(two_tastes)
    np.testing.assert_allclose(model.weights, dense_ease(dense, l2), atol=2e-5)
    assert model.weights.dtype == np.float32
    assert (np.diag(model.weights) == 0).all()


def test_more_items_than_are_mirrored_at_a_time() -> None:
    rng = np.random.default_rng(0)
    rows = {"user": rng.integers(0, 90, 9000), "item": np.concatenate([np.arange(1100), rng.integers(0, 1100, 7900)])}
    interactions, _ = Interactions.from_frame(pl.DataFrame(rows))
    r = np.zeros((90, 1100))
    r[interactions.user, interactions.item] = 1
    np.testing.assert_allclose(EASE(l2=50.0).fit(interactions).weights, dense_ease(r, 50.0), atol=2e-5)


@pytest.mark.parametrize("at_once", [1, 3, 600, 1099])
def test_more_items_than_are_factorized_at_once(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr("tastegraph.baselines.ease.LARGEST", at_once)
    monkeypatch.setattr("tastegraph.baselines.ease.MIRRORED", 100)
    rng = np.random.default_rng(0)
    n = 1101 if at_once >= 600 else 37
    rows = rng.standard_normal((n, n), np.float32)
    a = rows @ rows.T + n * np.eye(n, dtype=np.float32)
    expected = np.linalg.inv(a.astype(np.float64))
    _invert(a)
    np.testing.assert_allclose(a, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("at_once", [10_000, 3])
def test_what_float32_cannot_solve_is_told(
    two_tastes: Interactions, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("tastegraph.baselines.ease.LARGEST", at_once)
    twins = two_tastes.where(two_tastes.user < 20)
    with pytest.raises(ModelError, match="a larger l2 helps"):
        EASE(l2=1e-12).fit(twins)


def test_peak_memory_is_about_what_was_said() -> None:
    rng = np.random.default_rng(0)
    num_users, num_items, number = 500, 2000, 40_000
    rows = {"user": rng.integers(0, num_users, number), "item": rng.integers(0, num_items, number)}
    interactions, _ = Interactions.from_frame(pl.DataFrame(rows))
    shape = (len(interactions.users), len(interactions.items))
    EASE().fit(interactions)  # compiles
    tracemalloc.start()
    EASE().fit(interactions)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 1 / 1.5 < EASE().bytes_needed(*shape, len(interactions)) / peak < 1.5
    assert peak < 1.3 * 4 * shape[1] ** 2  # one item-item matrix, not four


def test_ndcg_is_that_of_cornacs_ease(movielens_100k: Dataset) -> None:
    """Same data in, same figure out."""
    _same_as_cornacs(movielens_100k)


def test_ndcg_on_ml_1m_is_that_of_cornacs_ease(
    real_data: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASTEGRAPH_DATA", str(real_data("ml-1m").parent))
    _same_as_cornacs(load("ml-1m"))


def _same_as_cornacs(dataset: Dataset) -> None:
    """A random tenth held out."""
    import cornac

    positives = dataset.interactions.positives(3.0).compact()
    held = np.random.default_rng(0).random(len(positives)) < 0.1
    fit = positives.where(~held)
    shape = (len(fit.users), len(fit.items))
    judged = held & (positives.user < JUDGED)
    relevant = Relevant.from_pairs(positives.user[judged], positives.item[judged], *shape)
    known = NeighbourLists.from_pairs(fit.user, fit.item, *shape)
    ours = full_ranking(EASE(l2=300.0).fit(fit), relevant, known, [10]).means()["ndcg@10"]

    ids = {index: index for index in range(max(shape))}
    ones = np.ones(len(fit))
    data = cornac.data.Dataset(*shape, ids, ids, (fit.user, fit.item, ones), seed=0)
    model = cornac.models.EASE(lamb=300.0, posB=False, verbose=False).fit(data)

    class Theirs:
        def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
            scores = np.stack([np.asarray(model.score(user), np.float32).ravel() for user in users.tolist()])
            position, item = known.pairs_of(users)
            scores[position, item] = -np.inf
            return top_k(scores, k)

    theirs = full_ranking(Theirs(), relevant, known, [10]).means()["ndcg@10"]
    assert ours == pytest.approx(theirs, rel=1e-3)
    assert ours > 0.25
