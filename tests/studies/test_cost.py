"""The cost model against values worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tastegraph.graph.row_blocks import bytes_of_layers
from tastegraph.studies.cost import LIBRARIES, Machine, Size, plan_of, touched

# 3 users, 2 items, 4 edges, 8 columns, 2 layers, a batch of 2: small enough to count.
TINY = Size(users=3, items=2, edges=4, width=8, layers=2, batch=2, skew=0.0)
BIG = Size(users=9_000_000, items=1_000_000, edges=100_000_000)


def test_a_batch_touches_the_nodes_that_draws_by_edges_and_even_draws_meet() -> None:
    """Even popularity: a user is in a batch with 1 - exp(-2/3), an item with 1 - exp(-2/2 - 2/2)."""
    user, item = 1 - np.exp(-2 / 3), 1 - np.exp(-2)
    found = touched(TINY)
    assert found.nodes == pytest.approx(3 * user + 2 * item)
    assert found.entries == pytest.approx(4 * user + 4 * item)


def test_a_batch_touches_what_drawing_one_does() -> None:
    rng = np.random.default_rng(0)
    size = Size(users=6000, items=3000, edges=100_000, batch=2000)
    user, item = ((count * rng.random(size.edges) ** 2).astype(int) for count in (size.users, size.items))
    degree = np.bincount(user, minlength=6000), np.bincount(item, minlength=3000)
    chosen = rng.integers(size.edges, size=2000)
    users = np.unique(user[chosen])
    items = np.unique(np.concatenate([item[chosen], rng.integers(3000, size=2000)]))
    found = touched(size)
    assert found.nodes == pytest.approx(len(users) + len(items), rel=0.03)
    assert found.entries == pytest.approx(degree[0][users].sum() + degree[1][items].sum(), rel=0.03)


def test_memory_counts_e0_four_times_the_lists_twice_and_four_numbers_an_edge() -> None:
    kept = BIG.memory()
    assert kept["E0, its gradient, Adam's moments"] == 4 * 4 * 10_000_000 * 64  # 10.2 GB
    assert kept["graph"] == 16 * 100_000_000 + 24 * 10_000_000  # 1.8 GB
    assert kept["positives and negatives of an epoch"] == 16 * 100_000_000
    assert kept["layers"] == 2 * (2 * 64 + 4) * 10_000_000 + 8 * 10_000_000
    assert kept["libraries"] == LIBRARIES
    assert sum(kept.values()) < 20 * 2**30


def test_a_rank_keeps_its_columns_and_all_edges_a_part_of_rows_its_share_of_both() -> None:
    whole, four, cut = BIG.memory(), replace(BIG, ranks=4).memory(), replace(BIG, row_parts=4).memory()
    for name in ("E0, its gradient, Adam's moments", "graph"):
        assert cut[name] == whole[name] / 4
    assert four["E0, its gradient, Adam's moments"] == whole["E0, its gradient, Adam's moments"] / 4
    assert four["graph"] == whole["graph"]
    assert [replace(BIG, ranks=ranks).columns for ranks in (3, 5, 7, 11)] == [32, 16, 16, 8]  # as `train` cuts them


def test_what_no_training_can_be_is_refused() -> None:
    for wrong in ({"ranks": 0}, {"ranks": 65}, {"row_parts": 0}, {"edges": 0}):
        with pytest.raises(ValueError, match=r"or more|ranks share 64 columns"):
            replace(BIG, **wrong)


def test_a_step_streams_its_lists_layers_and_optimizer() -> None:
    """K = 2: three passes read all lists; 5 nodes of 8 columns."""
    lists = 3 * (4 * 8 + 12 * 5)
    between = 4 * 8 * 5 + 3 * 2 * 8 * 5
    optimizer = 9 * 4 * 8 * 5
    batch = 10 * 4 * 8 * touched(TINY).nodes
    assert TINY.streamed() == pytest.approx(lists + between + optimizer + batch)


def test_a_step_gathers_every_edge_from_both_sides_in_each_whole_pass() -> None:
    """K = 2: a whole pass forward and one backward, 4 edges each from both sides; and the batch's entries, twice."""
    found = touched(TINY)
    of_edges = 8 + found.entries
    assert TINY.gathered() == ((of_edges, 16, 2), (of_edges, 16, 3), (8, 4, 5), (16, 32, found.nodes))


def test_a_row_is_packed_once_and_summed_up_in_each_pass() -> None:
    """K = 2: packed, a pass forward, one at the batch's nodes, and two backward."""
    assert TINY.summed_rows() == 4 * 5 + touched(TINY).nodes
    slow = Machine(stream=1e30, cached=1e30, scattered=1e30, cache=0.0, row=64.0)
    assert slow.seconds(TINY) == pytest.approx(8 * TINY.summed_rows())


def test_ranks_sum_the_batchs_scores_and_nothing_else() -> None:
    assert BIG.sent() == 0
    assert replace(BIG, ranks=2).summed() == 2 * BIG.batch
    assert replace(BIG, ranks=2).sent() == 4 * 2 * BIG.batch  # 2 (R - 1) / R = 1
    assert replace(BIG, ranks=4).sent() == 1.5 * 4 * 2 * BIG.batch


def test_parts_of_rows_send_the_rows_that_others_gather_in_each_pass() -> None:
    """A part of 4 hands its quarter of 10 million rows of 64 floats to 3 others, in each of 6 passes."""
    cut = replace(BIG, row_parts=4)
    assert cut.sent() == 6 * 3 * 2_500_000 * 256 == bytes_of_layers([2_500_000] * 4, 64, 6)
    assert cut.memory()["rows of all parts"] == 10_000_000 * 256


def test_seconds_are_those_of_what_is_moved() -> None:
    """All of a table fits a large cache, nothing an empty one; a quarter of it answers half of the draws."""
    fast = Machine(stream=100.0, cached=200.0, scattered=50.0, cache=1e12)
    assert fast.gather(10, 128, 1000, 0.5) == 10 * 128 / 200
    assert replace(fast, cache=0).gather(10, 128, 1000, 0.5) == 10 * 128 / 50
    assert replace(fast, cache=32_000).gather(10, 128, 1000, 0.5) == pytest.approx(640 / 200 + 640 / 50)
    assert fast.gather(10, 4, 1000, 0.5) == 10 * 128 / 200  # two lines are fetched whatever is wanted of them
    gathered = sum(rows * max(width, 128) / 200 for rows, width, _ in TINY.gathered())
    assert fast.seconds(TINY) == pytest.approx(TINY.streamed() / 100 + gathered)
    assert replace(fast, fixed=1.0, sort=0.1).seconds(TINY) - fast.seconds(TINY) == pytest.approx(1 + 6 * 0.1)


def test_a_plan_is_the_cheapest_that_fits_and_counts_its_machines_price() -> None:
    machine = Machine(stream=10e9, cached=30e9, scattered=5e9, cache=32e6, network=1e9)
    one = plan_of(BIG, machine, memory=32e9, price=2.0, most_ranks=1)
    assert (one.machines, one.sent) == (1, 0)
    assert one.epoch == one.step * 763  # batches of 131,072
    assert one.price == pytest.approx(2.0 * one.epoch / 3600)
    assert plan_of(BIG, machine, memory=32e9, price=2.0).price <= one.price
    several = plan_of(BIG, machine, memory=8e9, price=2.0)
    assert several.machines == several.size.ranks * several.size.row_parts > 1
    assert several.memory == sum(several.size.memory().values()) <= 8e9 < sum(BIG.memory().values())
    cut = plan_of(replace(BIG, users=900_000_000, items=100_000_000, edges=10**10), machine, memory=64e9, price=2.0)
    assert cut.size.row_parts > 1
    with pytest.raises(ValueError, match="hold no such training"):
        plan_of(BIG, machine, memory=1e6, price=1.0)
