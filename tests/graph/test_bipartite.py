from __future__ import annotations

import numpy as np
import pytest
import torch

from tastegraph.errors import GraphError
from tastegraph.graph.bipartite import BipartiteGraph


def test_neighbours_both_ways(toy: BipartiteGraph) -> None:
    assert [toy.items_of[u].tolist() for u in range(3)] == [[0, 1], [0], [1, 2]]
    assert [toy.users_of[i].tolist() for i in range(4)] == [[0, 1], [0, 2], [2], []]
    assert [toy.lists[n].tolist() for n in range(7)] == [[3, 4], [3], [4, 5], [0, 1], [0, 2], [2], []]
    assert toy.num_edges == 5


def test_an_isolated_node_has_scale_zero(toy: BipartiteGraph) -> None:
    np.testing.assert_allclose(toy.symmetric_scale, [2**-0.5, 1, 2**-0.5, 2**-0.5, 2**-0.5, 1, 0])


def test_edge_index_there_and_back(toy: BipartiteGraph) -> None:
    assert toy.edge_index.shape == (2, 10)
    again = BipartiteGraph.from_edge_index(toy.edge_index, 3, 4)
    assert np.array_equal(again.items_of.keys(), toy.items_of.keys())


def test_edges_in_one_direction_are_refused(toy: BipartiteGraph) -> None:
    one_way = toy.edge_index[:, toy.edge_index[0] < 3]
    with pytest.raises(GraphError, match="one direction only"):
        BipartiteGraph.from_edge_index(one_way, 3, 4)


def test_an_edge_within_a_side_is_refused() -> None:
    with pytest.raises(GraphError, match="same side"):
        BipartiteGraph.from_edge_index(torch.tensor([[0, 1], [1, 0]]), 3, 4)


def test_a_side_without_nodes_is_refused() -> None:
    with pytest.raises(GraphError, match="both sides need a node"):
        BipartiteGraph.from_pairs([], [], 0, 4)


def test_a_graph_shows_its_counts(toy: BipartiteGraph) -> None:
    assert repr(toy) == "BipartiteGraph(3 users, 4 items, 5 edges)"
    assert repr(toy.items_of) == "NeighbourLists(3 rows, 4 columns, 5 entries)"


def test_ages_stand_in_the_order_of_the_lists_and_each_edge_has_one() -> None:
    graph = BipartiteGraph.from_pairs([1, 0, 1], [0, 2, 1], 2, 3, np.array([2, 1, 3]))
    assert graph.items_of.index.tolist() == [2, 0, 1]
    assert graph.age is not None
    assert graph.age.tolist() == [1, 2, 3]
    with pytest.raises(GraphError, match="3 ages for 2 edges"):
        BipartiteGraph.from_pairs([1, 0, 1], [0, 2, 0], 2, 3, np.array([2, 1, 3]))
