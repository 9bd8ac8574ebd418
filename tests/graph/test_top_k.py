from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tastegraph.errors import ModelError
from tastegraph.graph import top_k as top_k_module
from tastegraph.graph import top_k_operator
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.graph.top_k import (
    _select,
    _select_compiled,
    rank_blocks,
    rank_by_inner_product,
    top_k,
    users_a_block,
)
from tastegraph.graph.top_k_operator import rank_embeddings, top_k_reference, warm_up

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


def test_as_many_users_at_a_time_as_16_mib_of_scores_hold() -> None:
    assert users_a_block(1000) == 4194
    assert users_a_block(1 << 22) == 1
    assert users_a_block(1 << 23) == 1  # at least one
    assert users_a_block(0) == 1 << 22
    assert users_a_block(1000, 64) == 4160  # whole sixty-fours
    assert users_a_block(1 << 20, 3) == 3
    assert users_a_block(1 << 22, 3) == 3


@pytest.mark.parametrize("compiled_from", [0, 1 << 20])
@pytest.mark.parametrize("entries", [1, 24, 1 << 22])
def test_blocks_and_kernels_do_not_show(entries: int, compiled_from: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(top_k_module, "BLOCK_ENTRIES", entries)
    monkeypatch.setattr(top_k_module, "COMPILED_FROM", compiled_from)
    rng = np.random.default_rng(0)
    scores = rng.integers(-3, 4, (20, 8)).astype(np.float32)
    known = NeighbourLists.from_pairs(rng.integers(20, size=60), rng.integers(8, size=60), 20, 8)
    users = rng.permutation(20)[:13]
    for exclude in (known, None):
        for k in (3, 8, 11):
            found = rank_blocks(lambda some: scores[some].copy(), 8, users, k, exclude)
            assert (found.shape, found.dtype) == ((13, k), np.dtype(np.int32))
            for user, own in zip(users, found.tolist(), strict=True):
                hidden = set() if exclude is None else set(exclude[user].tolist())
                left = [item for item in range(8) if item not in hidden]
                expected = sorted(left, key=lambda item: (-scores[user, item], item))[:k]
                assert own == expected + [-1] * (k - len(expected))


def test_the_kernel_is_taken_from_a_million_scores_on(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    kernel = top_k_module._select_compiled

    def noted(
        scores: NDArray[np.float32], users: NDArray[np.integer], exclude: NeighbourLists | None, k: int
    ) -> NDArray[np.int32]:
        taken.append(len(users))
        return kernel(scores, users, exclude, k)

    monkeypatch.setattr(top_k_module, "_select_compiled", noted)
    for users in (1024, 1025):
        rank_blocks(lambda some: np.zeros((len(some), 1024), np.float32), 1024, np.arange(users), 1, None)
    assert taken == [1025]


@pytest.mark.parametrize("k", [0, -1])
def test_what_is_wrong_with_scores_or_places_is_told(k: int) -> None:
    one = np.ones((1, 1), np.float32)
    with pytest.raises(ModelError, match=f"^a list needs at least one place, k = {k}$"):
        rank_blocks(lambda _: one, 1, np.array([0]), k, None)
    with pytest.raises(ModelError, match=f"^a list needs at least one place, k = {k}$"):
        rank_embeddings(torch.ones(1, 1), torch.ones(1, 1), np.array([0]), k, None)
    assert rank_blocks(lambda _: one, 1, np.array([0]), 1, None).tolist() == [[0]]
    assert rank_embeddings(torch.ones(1, 1), torch.ones(1, 1), np.array([0]), 1, None).tolist() == [[0]]
    told = "^a score is NaN; the model did not train to finite embeddings$"
    with pytest.raises(ModelError, match=told):
        top_k(np.array([[1, np.nan]], np.float32), 1)
    with pytest.raises(ModelError, match=told):
        _select_compiled(np.array([[1, np.nan]], np.float32), np.array([0]), None, 1)
    with pytest.raises(ModelError, match=told):
        rank_embeddings(torch.tensor([[torch.nan]]), torch.ones(1, 1), np.array([0]), 1, None)


def test_rows_do_not_mix_and_neighbouring_floats_are_told_apart() -> None:
    """Positive and negative ones: the key that orders is made of their bits."""
    around = [np.nextafter(np.float32(x), np.float32(y)) for x in (-1, 1, 0) for y in (-9, 9)]
    row = np.array([*around, -1, 1, 0, 3e38, -3e38, 1e-45, -1e-45], np.float32)
    scores = np.stack([row, row[::-1]])
    expected = [sorted(range(13), key=lambda item: (-own[item], item)) for own in scores.tolist()]
    assert top_k(scores, 13).tolist() == expected
    assert top_k(scores, 5).tolist() == [own[:5] for own in expected]
    assert top_k(scores, 1).tolist() == [own[:1] for own in expected]
    assert top_k_reference(torch.from_numpy(scores), 13).tolist() == expected
    assert top_k_reference(torch.from_numpy(scores), 5).tolist() == [own[:5] for own in expected]


def test_scores_of_more_precision_are_ranked_as_float32() -> None:
    close = np.array([[1.0, 1.0 + 1e-12, 2.0]])
    assert top_k(close, 3).tolist() == [[2, 0, 1]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])  # the kernel, and plain PyTorch
@pytest.mark.parametrize("entries", [1, 90, 1 << 22])
def test_embeddings_are_ranked_alike_a_block_at_a_time(
    entries: int, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    e_users, e_items = rng.integers(-2, 3, (50, 4)).astype(np.float32), rng.integers(-2, 3, (30, 4)).astype(np.float32)
    known = NeighbourLists.from_pairs(rng.integers(50, size=300), rng.integers(30, size=300), 50, 30)
    users = rng.permutation(50)[:40]
    expected = [rank_by_inner_product(e_users, e_items, users, 7, exclude) for exclude in (known, None)]
    monkeypatch.setattr(top_k_module, "BLOCK_ENTRIES", entries)
    monkeypatch.setattr(top_k_operator, "DEVICE_ENTRIES", entries)
    of_users, of_items = (torch.from_numpy(side).to(dtype) for side in (e_users, e_items))
    for exclude, lists in zip((known, None), expected, strict=True):
        assert np.array_equal(rank_embeddings(of_users, of_items, users, 7, exclude), lists)
    none = rank_embeddings(of_users, of_items, users[:0], 7, known)
    assert none.shape == (0, 7)
    of_users[users[0], 0] = torch.nan  # of the first of many blocks
    with pytest.raises(ModelError, match="NaN"):
        rank_embeddings(of_users, of_items, users, 7, known)


def test_warming_up_says_how_long_it_took() -> None:
    assert warm_up() > 0
