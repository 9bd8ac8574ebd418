from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tastegraph.errors import ModelError
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.graph.top_k import rank_by_inner_product, top_k


def test_ties_go_to_the_lower_index() -> None:
    scores = np.array([[1, 3, 3, 2, 3], [0.0, -0.0, 0.0, -1, -2]], np.float32)
    assert top_k(scores, 4).tolist() == [[1, 2, 4, 3], [0, 1, 2, 3]]


def test_masked_places_and_places_beyond_the_catalogue_are_empty() -> None:
    scores = np.array([[5, -np.inf, 1]], np.float32)
    assert top_k(scores, 5).tolist() == [[0, 2, -1, -1, -1]]


def test_infinite_scores_rank_first() -> None:
    assert top_k(np.array([[1, np.inf, -1e38]], np.float32), 3).tolist() == [[1, 0, 2]]


@given(
    st.lists(st.lists(st.sampled_from([-2.5, -1, 0, 0.5, 7]), min_size=9, max_size=9), min_size=1, max_size=5),
    st.integers(1, 11),
)
def test_it_is_the_head_of_a_stable_sort(rows: list[list[float]], k: int) -> None:
    scores = np.array(rows, np.float32)
    expected = [sorted(range(9), key=lambda c: (-row[c], c))[:k] + [-1] * max(0, k - 9) for row in rows]
    assert top_k(scores, k).tolist() == expected


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ModelError, match="NaN"):
        top_k(np.array([[1, np.nan]], np.float32), 1)


def test_known_items_are_never_listed() -> None:
    e_users = np.array([[1.0, 0], [0, 1]], np.float32)
    e_items = np.array([[3, 1], [2, 2], [1, 3.0]], np.float32)
    known = NeighbourLists.from_pairs([0, 1, 1], [0, 1, 2], 2, 3)
    lists = rank_by_inner_product(e_users, e_items, np.array([1, 0]), 2, known)
    assert lists.tolist() == [[0, -1], [1, 2]]


def test_a_list_of_no_place_is_refused() -> None:
    with pytest.raises(ModelError, match="k = 0"):
        rank_by_inner_product(np.ones((1, 1), np.float32), np.ones((1, 1), np.float32), np.array([0]), 0, None)
