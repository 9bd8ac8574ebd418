"""Rows of P in blocks, each block in a thread of its own; with processes in tests/ranks."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from tastegraph.errors import GraphError
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.graph.propagation import sum_of_layers
from tastegraph.graph.row_blocks import RowBlock, bytes_of_layers, row_cuts, sum_of_layers_in_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence


class Together:
    """Blocks that wait for one another and see one another's rows."""

    def __init__(self, blocks: int) -> None:
        self.rows: list[torch.Tensor] = [torch.empty(0)] * blocks
        self.barrier = Barrier(blocks, timeout=60)

    def of(self, block: int) -> Told:
        return Told(self, block)


class Told:
    """One block's side of it."""

    def __init__(self, together: Together, block: int) -> None:
        self.together, self.block, self.told = together, block, 0

    def all_rows(self, own: torch.Tensor, counts: Sequence[int]) -> torch.Tensor:
        self.together.rows[self.block] = own
        self.together.barrier.wait()
        rows = torch.cat(self.together.rows)
        self.together.barrier.wait()
        self.told += 1
        assert [len(part) for part in self.together.rows] == list(counts)
        return rows


@pytest.mark.parametrize(("blocks", "width"), [(1, 6), (2, 6), (3, 100)])
def test_blocks_together_make_the_sum_of_layers_and_its_gradient(blocks: int, width: int) -> None:
    rng = np.random.default_rng(0)
    graph = BipartiteGraph.from_pairs(rng.integers(20, size=90), rng.integers(13, size=90), 21, 13)
    x, gradient = (torch.from_numpy(rng.normal(size=(34, width)).astype(np.float32)) for _ in range(2))
    x.requires_grad_()
    alpha = torch.tensor([0.4, 0.3, 0.2, 0.1])
    expected = sum_of_layers(graph, x, alpha)
    torch.autograd.backward(expected, gradient)
    assert x.grad is not None
    together, cuts = Together(blocks), row_cuts(graph, blocks)

    def run(number: int) -> tuple[slice, torch.Tensor, torch.Tensor | None, int]:
        block, exchange = RowBlock.of(graph, cuts, number), together.of(number)
        own = x.detach()[block.rows].clone().requires_grad_()
        total = sum_of_layers_in_blocks(block, own, alpha, exchange)
        torch.autograd.backward(total, gradient[block.rows])
        return block.rows, total.detach(), own.grad, exchange.told

    with ThreadPoolExecutor(blocks) as threads:
        found = list(threads.map(run, range(blocks)))
    for rows, total, slope, told in found:
        torch.testing.assert_close(total, expected.detach()[rows], rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(slope, x.grad[rows], rtol=1e-5, atol=1e-6)
        assert told == 2 * 3  # three layers, forward and backward


def test_a_block_holds_its_own_rows_and_the_edges_of_these_alone(toy: BipartiteGraph) -> None:
    block = RowBlock.of(toy, (2, 3, 2), 1)  # user 2, items 0 and 1
    assert block.rows == slice(2, 5)
    assert block.start.tolist() == [0, 2, 4, 6]
    assert block.index.tolist() == [4, 5, 0, 1, 0, 2]
    assert (block.counts, block.block) == ((2, 3, 2), 1)
    assert block.scale.dtype == np.float32
    np.testing.assert_allclose(block.scale, toy.symmetric_scale)
    assert not np.shares_memory(block.index, toy.lists.index)
    assert [RowBlock.of(toy, (2, 3, 2), number).rows for number in (0, 2)] == [slice(0, 2), slice(5, 7)]


@pytest.mark.parametrize(("counts", "block"), [((2, 3), 0), ((2, 3, 2), 3), ((2, 3, 2), -1), ((8,), 0)])
def test_a_block_that_is_none_of_the_graphs_is_told(toy: BipartiteGraph, counts: tuple[int, ...], block: int) -> None:
    told = f"block {block} of {sum(counts)} rows is none of a graph of 7 nodes"
    with pytest.raises(GraphError, match=f"^{re.escape(told)}$"):
        RowBlock.of(toy, counts, block)


def test_cuts_by_hand(toy: BipartiteGraph) -> None:
    """Work of a row is its entries and 1: 3 2 3, 3 3 2 1, 17 in all."""
    assert row_cuts(toy, 1) == (7,)
    assert row_cuts(toy, 2) == (4, 3)  # 11 and 6: the first to reach 8.5
    assert row_cuts(toy, 3) == (3, 2, 2)  # 8, 6 and 3
    assert row_cuts(toy, 7) == (1,) * 7
    star = BipartiteGraph.from_pairs([0] * 9, range(9), 1, 9)  # 10 of 28, and 2 nine times: 10 14 22 28
    assert row_cuts(star, 4) == (1, 2, 4, 3)


@pytest.mark.parametrize("blocks", [0, 8])
def test_as_many_blocks_as_there_are_nodes_at_most(toy: BipartiteGraph, blocks: int) -> None:
    with pytest.raises(GraphError, match=f"^7 nodes make from 1 to as many blocks of rows; found {blocks}$"):
        row_cuts(toy, blocks)


def test_bytes_of_a_layer_are_the_rows_of_the_other_blocks() -> None:
    assert bytes_of_layers([3, 5, 4], 16, 2) == 2 * 4 * 2 * 5 * 16
    assert bytes_of_layers([12], 16, 2) == 0
