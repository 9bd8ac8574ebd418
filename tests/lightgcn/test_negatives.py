from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tastegraph.errors import GraphError
from tastegraph.graph.devices import CPU, kept_lists
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.lightgcn.choices import SAMPLERS
from tastegraph.lightgcn.config import TrainingConfig
from tastegraph.lightgcn.negative_operators import (
    hardest_reference,
    popular_negatives_reference,
    streams_of,
    uniform_negatives_reference,
)
from tastegraph.lightgcn.negatives import (
    PopularNegatives,
    UniformNegatives,
    hardest,
    negatives_of,
    shared_negatives_of,
    warm_up,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tastegraph.graph.bipartite import BipartiteGraph


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
    expected = uniform_negatives_reference(user, kept_lists(lists, CPU), streams_of(seed, len(user), CPU))
    assert torch.equal(torch.ops.tastegraph.uniform_negatives(*arguments), expected)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        assert torch.equal(torch.ops.tastegraph.uniform_negatives(*arguments), expected)
    finally:
        torch.set_num_threads(threads)


def test_torch_accepts_the_operators() -> None:
    lists = NeighbourLists.from_pairs([0, 1], [1, 3], 2, 50)
    user, pairs = torch.tensor([0, 1]), (torch.from_numpy(lists.start), torch.from_numpy(lists.index))
    cumulative = torch.arange(1.0, 51.0, dtype=torch.float64)
    for operator, arguments in (
        (torch.ops.tastegraph.uniform_negatives.default, (user, *pairs, 50, 7)),
        (torch.ops.tastegraph.popular_negatives.default, (user, *pairs, cumulative, 7)),
        (torch.ops.tastegraph.hardest.default, (torch.randn(9, 4), user, torch.tensor([[3, 4], [8, 2]]))),
    ):
        assert set(torch.library.opcheck(operator, arguments).values()) == {"SUCCESS"}


def test_popular_negatives_follow_their_weights_among_what_is_left() -> None:
    # Users 1 to 4 give items 0 to 3 the counts 4, 3, 2, 1; item 4 nobody has. User 0 has item 1 (its count becomes 4).
    pairs = [(0, 1)] + [(u, i) for u in range(1, 5) for i in range(4) if u <= 4 - i]
    lists = NeighbourLists.from_pairs([u for u, _ in pairs], [i for _, i in pairs], 5, 5)
    for beta, weights in ((1.0, [4, 2, 1]), (0.5, [2, 2**0.5, 1]), (2.0, [16, 4, 1])):
        draws = PopularNegatives(lists, beta).draw(torch.zeros(60_000, dtype=torch.int64), torch.Generator())
        counts = np.bincount(draws.numpy(), minlength=5)
        assert counts[[1, 4]].sum() == 0
        expected = 60_000 * np.array(weights) / sum(weights)
        assert ((counts[[0, 2, 3]] - expected) ** 2 / expected).sum() < 13.82  # chi-square, 2 degrees, 99.9 %


def test_a_user_who_has_all_that_anybody_has_has_no_popular_negative() -> None:
    lists = NeighbourLists.from_pairs([0, 0, 1], [0, 1, 0], 2, 3)
    assert PopularNegatives(lists, 0.5).drawable.tolist() == [False, True]
    assert PopularNegatives(lists, 0.0).drawable.tolist() == [True, True]


@given(
    st.sets(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=20),
    st.integers(0, 2**62),
    st.sampled_from([0.0, 0.3, 1.0]),
)
def test_the_popular_kernel_draws_what_the_reference_draws(pairs: set[tuple[int, int]], seed: int, beta: float) -> None:
    lists = NeighbourLists.from_pairs([u for u, _ in pairs], [i for _, i in pairs], 4, 6)
    weight = np.bincount(lists.index, minlength=6).astype(np.float64) ** beta
    user = torch.arange(4)[PopularNegatives(lists, beta).drawable].repeat(5)
    arguments = (user, torch.from_numpy(lists.start), torch.from_numpy(lists.index), torch.from_numpy(weight.cumsum()))
    streams = streams_of(seed, len(user), CPU)
    expected = popular_negatives_reference(user, kept_lists(lists, CPU), streams, arguments[3])
    found = torch.ops.tastegraph.popular_negatives(*arguments, seed)
    assert torch.equal(found, expected)
    assert not set(zip(user.tolist(), found.tolist(), strict=True)) & pairs


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_hardest_is_the_candidate_of_the_highest_score_and_the_first_of_equals(dtype: torch.dtype) -> None:
    e = torch.tensor([[1.0, 2.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 1.0]], dtype=dtype)  # scores 0 1 2 1
    candidates = torch.tensor([[1, 2, 4], [2, 3, 1], [4, 2, 2], [1, 1, 1]])
    assert hardest(e, torch.zeros(4, dtype=torch.int64), candidates).tolist() == [2, 3, 4, 1]


@given(st.sampled_from([1, 7, 64]), st.integers(1, 40), st.integers(0, 1000))
def test_the_hardest_equals_the_reference(width: int, candidates: int, seed: int) -> None:
    draws = torch.Generator().manual_seed(seed)
    e = torch.randint(-3, 4, (30, width), generator=draws).float()  # sums are exact, ties are many
    user = torch.randint(30, (11,), generator=draws)
    choice = torch.randint(30, (11, candidates), generator=draws)
    assert torch.equal(hardest(e, user, choice), hardest_reference(e, user, choice))


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


def test_users_of_32_bits_draw_alike(plainly: Callable[[], None]) -> None:
    """Whatever computes: the number of a pair, user x items + item, does not fit into 32 bits."""
    lists = NeighbourLists.from_pairs([3000] * 500_000, range(500_000), 3001, 1_000_000)
    user = torch.full((200,), 3000, dtype=torch.int32)
    compiled = UniformNegatives(lists).draw(user, torch.Generator().manual_seed(1))
    assert bool((compiled >= 500_000).all())
    plainly()
    assert torch.equal(UniformNegatives(lists).draw(user, torch.Generator().manual_seed(1)), compiled)


def _over(batches: str) -> list[str]:
    return [name for name, sampler in SAMPLERS.items() if batches in sampler.over and sampler.draws]


@pytest.mark.parametrize("name", _over("pairs"))
def test_every_sampler_draws_no_positive_and_the_same_whatever_computes(
    toy: BipartiteGraph, plainly: Callable[[], None], name: str
) -> None:
    config = TrainingConfig.model_validate({"negatives": name})
    negatives = negatives_of(toy, config)
    users = [torch.arange(3).repeat(40), torch.tensor([1, 1, 1])]
    together = negatives.draw_each(users, torch.Generator().manual_seed(5))
    draws = torch.Generator().manual_seed(5)
    for user, item in zip(users, together, strict=True):
        assert torch.equal(negatives.draw(user, draws), item)
        assert item.shape == user.shape
        assert bool(((item >= 0) & (item < toy.num_items)).all())
        assert not toy.items_of.contain(user.numpy(), item.numpy()).any()
    assert negatives.drawable.tolist() == [True, True, True]
    assert warm_up(config, 8) > 0
    plainly()
    for drawn, item in zip(
        negatives_of(toy, config).draw_each(users, torch.Generator().manual_seed(5)), together, strict=True
    ):
        assert torch.equal(drawn, item)


@pytest.mark.parametrize("name", _over("users"))
def test_every_sampler_that_users_share_weighs_each_item(toy: BipartiteGraph, name: str) -> None:
    config = TrainingConfig.model_validate({"objective": "softmax", "negatives": name})
    weight = shared_negatives_of(toy, config).weight
    assert weight.shape == (toy.num_items,)
    assert weight.dtype == torch.float64
    assert weight.min() >= 0
    assert weight.sum() > 0
