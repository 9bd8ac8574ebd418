from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tastegraph.errors import GraphError
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.lightgcn.negatives import UniformNegatives, uniform_negatives_reference


@given(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=22), st.integers(0, 99))
def test_a_negative_is_never_a_positive_of_its_user(pairs: set[tuple[int, int]], seed: int) -> None:
    lists = NeighbourLists.from_pairs([u for u, _ in pairs], [i for _, i in pairs], 4, 6)
    negatives = UniformNegatives(lists)
    user = torch.arange(4)[negatives.drawable].repeat(10)
    item = negatives.draw(user, torch.Generator().manual_seed(seed))
    assert not set(zip(user.tolist(), item.tolist(), strict=True)) & pairs
    assert bool(((item >= 0) & (item < 6)).all())


def test_negatives_are_uniform_over_what_is_left() -> None:
    # 20 items, of which user 0 has 5; chi-square of 15 cells (14 degrees of freedom), 99.9 % quantile 36.12.
    positives = [0, 3, 4, 11, 19]
    negatives = UniformNegatives(NeighbourLists.from_pairs([0] * 5, positives, 1, 20))
    draws = negatives.draw(torch.zeros(60_000, dtype=torch.int64), torch.Generator().manual_seed(0))
    counts = np.bincount(draws.numpy(), minlength=20)
    assert counts[positives].sum() == 0
    cells = np.delete(counts, positives)
    assert ((cells - 4000.0) ** 2 / 4000).sum() < 36.12


@given(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=20), st.integers(0, 2**62))
def test_the_kernel_draws_what_the_reference_draws(pairs: set[tuple[int, int]], seed: int) -> None:
    lists = NeighbourLists.from_pairs([u for u, _ in pairs], [i for _, i in pairs], 4, 6)
    user = torch.arange(4)[UniformNegatives(lists).drawable].repeat(5)
    arguments = (user, torch.from_numpy(lists.start), torch.from_numpy(lists.index), 6, seed)
    expected = uniform_negatives_reference(*arguments)
    assert torch.equal(torch.ops.tastegraph.uniform_negatives(*arguments), expected)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        assert torch.equal(torch.ops.tastegraph.uniform_negatives(*arguments), expected)
    finally:
        torch.set_num_threads(threads)


def test_torch_accepts_the_operator() -> None:
    lists = NeighbourLists.from_pairs([0, 1], [1, 3], 2, 50)
    arguments = (torch.tensor([0, 1]), torch.from_numpy(lists.start), torch.from_numpy(lists.index), 50, 7)
    checks = torch.library.opcheck(torch.ops.tastegraph.uniform_negatives.default, arguments)
    assert set(checks.values()) == {"SUCCESS"}


def test_a_seed_repeats_the_draws() -> None:
    negatives = UniformNegatives(NeighbourLists.from_pairs([0], [1], 2, 50))
    user = torch.tensor([0, 1] * 20)
    one, other = (negatives.draw(user, torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(one, other)


def test_a_user_with_every_item_has_no_negative() -> None:
    negatives = UniformNegatives(NeighbourLists.from_pairs([0, 0, 1], [0, 1, 0], 2, 2))
    assert negatives.drawable.tolist() == [False, True]
    with pytest.raises(GraphError, match="no negative"):
        negatives.draw(torch.tensor([1, 0]), torch.Generator())
