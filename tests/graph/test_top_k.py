from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tastegraph.errors import ModelError
from tastegraph.graph import top_k as top_k_module
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.graph.top_k import _select, _select_compiled, rank_blocks, rank_by_inner_product, top_k
from tastegraph.graph.top_k_operator import rank_embeddings, top_k_reference

if TYPE_CHECKING:
    from numpy.typing import NDArray


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


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(1, 25), st.integers(0, 10_000))
def test_the_kernel_equals_the_plain_way(width: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(-3, 4, (6, width)).astype(np.float32)  # full of ties
    scores[rng.random((6, width)) < 0.1] = -np.inf
    known = NeighbourLists.from_pairs(rng.integers(9, size=40), rng.integers(width, size=40), 9, width)
    users = rng.integers(9, size=6)
    for exclude in (known, None):
        expected = _select(scores.copy(), users, exclude, min(k, width))
        assert np.array_equal(_select_compiled(scores.copy(), users, exclude, min(k, width)), expected)


def test_both_ways_refuse_a_score_that_is_no_number() -> None:
    scores = np.full((3, 100), 1, np.float32)
    scores[1, 70] = np.nan
    for select in (_select, _select_compiled):
        with pytest.raises(ModelError, match="NaN"):
            select(scores.copy(), np.arange(3), None, 5)


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ModelError, match="NaN"):
        top_k(np.array([[1, np.nan]], np.float32), 1)


def test_known_items_are_never_listed() -> None:
    e_users = np.array([[1.0, 0], [0, 1]], np.float32)
    e_items = np.array([[3, 1], [2, 2], [1, 3.0]], np.float32)
    known = NeighbourLists.from_pairs([0, 1, 1], [0, 1, 2], 2, 3)
    lists = rank_by_inner_product(e_users, e_items, np.array([1, 0]), 2, known)
    assert lists.tolist() == [[0, -1], [1, 2]]


@pytest.mark.parametrize("multiple", [1, 3, 64])
def test_users_scored_a_multiple_at_a_time_get_the_same_lists(multiple: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(top_k_module, "BLOCK_ENTRIES", 40)
    scores: NDArray[np.float32] = np.random.default_rng(0).random((20, 8), np.float32)
    blocks: list[int] = []

    def score(users: NDArray[np.integer]) -> NDArray[np.float32]:
        blocks.append(len(users))
        some: NDArray[np.float32] = scores[users]
        return some

    assert np.array_equal(rank_blocks(score, 8, np.arange(20), 3, None, multiple), top_k(scores, 3))
    assert all(number % multiple == 0 for number in blocks[:-1])


def test_a_list_of_no_place_is_refused() -> None:
    with pytest.raises(ModelError, match="k = 0"):
        rank_by_inner_product(np.ones((1, 1), np.float32), np.ones((1, 1), np.float32), np.array([0]), 0, None)


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(1, 25), st.integers(0, 10_000))
def test_the_operator_its_reference_and_the_plain_way_agree(width: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(-3, 4, (6, width)).astype(np.float32)  # full of ties
    known = NeighbourLists.from_pairs(rng.integers(9, size=40), rng.integers(width, size=40), 9, width)
    users, places = rng.integers(9, size=6), min(k, width)
    expected = _select(scores.copy(), users, known, places)
    lists = (torch.from_numpy(users), torch.from_numpy(known.start), torch.from_numpy(known.index), places)
    found = torch.ops.tastegraph.masked_top_k(torch.from_numpy(scores.copy()), *lists)
    assert np.array_equal(found.numpy(), expected)
    scores[known.pairs_of(users)] = -np.inf
    assert np.array_equal(top_k_reference(torch.from_numpy(scores), places).numpy(), expected)


def test_torch_accepts_the_operator_and_it_refuses_a_score_that_is_no_number() -> None:
    known = NeighbourLists.from_pairs([0, 1, 1], [0, 1, 2], 2, 5)
    lists = (torch.tensor([1, 0]), torch.from_numpy(known.start), torch.from_numpy(known.index), 3)
    checks = torch.library.opcheck(torch.ops.tastegraph.masked_top_k.default, (torch.randn(2, 5), *lists))
    assert set(checks.values()) == {"SUCCESS"}
    with pytest.raises(ModelError, match="NaN"):
        torch.ops.tastegraph.masked_top_k(torch.full((2, 5), float("nan")), *lists)
    for dtype in (torch.float32, torch.float64):  # the kernel, and plain PyTorch
        with pytest.raises(ModelError, match="NaN"):
            rank_embeddings(
                torch.full((1, 1), float("nan"), dtype=dtype), torch.ones(1, 1, dtype=dtype), np.array([0]), 1, None
            )


def test_embeddings_rank_alike_with_and_without_torch() -> None:
    rng = np.random.default_rng(0)
    e_users, e_items = rng.integers(-2, 3, (50, 4)).astype(np.float32), rng.integers(-2, 3, (30, 4)).astype(np.float32)
    known = NeighbourLists.from_pairs(rng.integers(50, size=300), rng.integers(30, size=300), 50, 30)
    users = rng.permutation(50)[:40]
    for exclude in (known, None):
        expected = rank_by_inner_product(e_users, e_items, users, 35, exclude)
        for dtype in (torch.float32, torch.float64):  # the kernel, and plain PyTorch
            of_users, of_items = (torch.from_numpy(side).to(dtype) for side in (e_users, e_items))
            assert np.array_equal(rank_embeddings(of_users, of_items, users, 35, exclude), expected)
    with pytest.raises(ModelError, match="k = 0"):
        rank_embeddings(torch.ones(1, 1), torch.ones(1, 1), np.array([0]), 0, None)
