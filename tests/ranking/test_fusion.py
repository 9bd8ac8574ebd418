"""Reciprocal rank fusion against sums worked out by hand, and what holds of any lists."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tastegraph.errors import ModelError
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.graph.top_k import rank_by_inner_product
from tastegraph.ranking import fusion
from tastegraph.ranking.fusion import Fusion


@dataclass(frozen=True, eq=False)
class ByTable:
    """Ranks by a table of scores, float32 [users, items]."""

    scores: np.ndarray

    def rank(self, users: np.ndarray, k: int, exclude: NeighbourLists | None) -> np.ndarray:
        num_items = self.scores.shape[1]
        return rank_by_inner_product(self.scores, np.eye(num_items, dtype=np.float32), users, k, exclude)


def of(*rows: list[int]) -> ByTable:
    """A model by its lists, best first."""
    places = np.array(rows)
    scores = np.empty(places.shape, np.float32)
    np.put_along_axis(scores, places, -np.arange(places.shape[1], dtype=np.float32)[None, :], axis=1)
    return ByTable(scores)


ONE, OTHER = of([0, 1, 2, 3], [3, 2, 1, 0]), of([2, 0, 3, 1], [3, 2, 1, 0])


def test_sums_by_hand() -> None:
    # user 0, c = 1: item 0 has 1/2 + 1/3, 1 has 1/3 + 1/5, 2 has 1/4 + 1/2, 3 has 1/5 + 1/4
    fused = Fusion([ONE, OTHER], (1, 1), constant=1).rank(np.array([0, 1]), 4, None)
    assert fused.dtype == np.int32
    assert fused.tolist() == [[0, 2, 1, 3], [3, 2, 1, 0]]
    # 1/2 + 2/3, 1/3 + 2/5, 1/4 + 2/2, 1/5 + 2/4: item 2 is first
    assert Fusion([ONE, OTHER], (1, 2), constant=1).rank(np.array([0]), 4, None).tolist() == [[2, 0, 1, 3]]


def test_without_weights_each_model_weighs_the_same_and_near_sums_are_told_apart() -> None:
    assert (
        Fusion([ONE, OTHER]).rank(np.array([0]), 4, None).tolist()
        == Fusion([ONE, OTHER], (1, 1)).rank(np.array([0]), 4, None).tolist()
    )
    # c = 1e6 brings places to within a part in 10^12 of one another: 0 has 1/(c+1) + 1/(c+2), and so on by hand
    assert Fusion([ONE, OTHER], (1, 1), 1e6).rank(np.array([0]), 4, None).tolist() == [[0, 2, 1, 3]]


def test_what_lies_below_the_depth_has_nothing() -> None:
    # two places each: 0 has 1/1 + 1/2, 2 has 1/1, 1 has 1/2, 3 is listed by neither
    assert Fusion([ONE, OTHER], (1, 1), 0, depth=2).rank(np.array([0]), 2, None).tolist() == [[0, 2]]
    # three are asked for, so three places count: 2 has 1/3 + 1/1, 0 has 1/1 + 1/2, 1 has 1/2, 3 has 1/3
    assert Fusion([ONE, OTHER], (1, 1), 0, depth=2).rank(np.array([0]), 3, None).tolist() == [[0, 2, 1]]


def test_equal_sums_go_to_the_lower_index() -> None:
    assert Fusion([of([2, 1, 0]), of([1, 2, 0])], (1, 1)).rank(np.array([0]), 3, None).tolist() == [[1, 2, 0]]


def test_masked_items_are_listed_by_none() -> None:
    known = NeighbourLists.from_pairs([0, 0, 0, 1, 1, 1, 1], [0, 2, 3, 0, 1, 2, 3], 2, 4)
    lists = Fusion([ONE, OTHER], (1, 1)).rank(np.array([1, 0]), 3, known)
    assert lists.tolist() == [[-1, -1, -1], [1, -1, -1]]


@given(
    st.integers(1, 3).flatmap(
        lambda models: st.tuples(
            st.lists(st.lists(st.permutations(range(7)), min_size=3, max_size=3), min_size=models, max_size=models),
            st.lists(st.integers(1, 9), min_size=models, max_size=models),
            st.integers(0, 60),
            st.integers(1, 9),
            st.integers(1, 9),
        )
    )
)
def test_it_is_the_formula(drawn: tuple[list[list[list[int]]], list[int], int, int, int]) -> None:
    models, weights, constant, depth, k = drawn
    lists = Fusion([of(*rows) for rows in models], weights, constant, depth).rank(np.arange(3), k, None)
    assert lists.shape == (3, k)
    for user in range(3):
        sums: dict[int, Fraction] = {}
        for rows, weight in zip(models, weights, strict=True):
            for place, item in enumerate(rows[user][: max(depth, k)], 1):
                sums[item] = sums.get(item, Fraction(0)) + Fraction(weight, constant + place)
        listed = [item for item in lists[user].tolist() if item >= 0]
        assert len(listed) == len(set(listed)) == min(k, len(sums))
        told = [float(sums[item]) for item in listed]
        assert told == pytest.approx(sorted(map(float, sums.values()), reverse=True)[:k], rel=1e-6)


def test_users_are_fused_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    models = [ByTable(rng.standard_normal((50, 30)).astype(np.float32)) for _ in range(2)]
    whole = Fusion(models, (1, 0.5), depth=10).rank(np.arange(50), 5, None)
    monkeypatch.setattr(fusion, "BLOCK_ENTRIES", 7 * 20)
    assert np.array_equal(Fusion(models, (1, 0.5), depth=10).rank(np.arange(50), 5, None), whole)
    assert Fusion(models, (1, 1)).rank(np.arange(0), 5, None).shape == (0, 5)


def test_a_model_fused_with_itself_keeps_its_lists() -> None:
    alone = ByTable(np.random.default_rng(1).standard_normal((20, 40)).astype(np.float32))
    lists = Fusion([alone, alone], (1, 0.3)).rank(np.arange(20), 10, None)
    assert np.array_equal(lists, alone.rank(np.arange(20), 10, None))


def test_what_it_refuses() -> None:
    for given_, said in (
        ({"weights": (1,)}, "a weight for each model: 2, found 1"),
        ({"weights": (1, 0)}, "weights are above 0; found 1, 0"),
        ({"weights": (1, float("nan"))}, "weights are above 0"),
        ({"weights": (1, 1), "constant": -1}, "a constant from 0"),
        ({"weights": (1, 1), "depth": 0}, "a depth from 1"),
    ):
        with pytest.raises(ModelError, match=said):
            Fusion([ONE, OTHER], **given_)
    with pytest.raises(ModelError, match="needs a model"):
        Fusion([], ())
    with pytest.raises(ModelError, match="at least one place, k = 0"):
        Fusion([ONE, OTHER], (1, 1)).rank(np.arange(1), 0, None)
