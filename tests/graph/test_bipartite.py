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


def test_degrees_to_the_exponents(toy: BipartiteGraph) -> None:
    """P = Z S A S Z^-1 with S = D^-(a+b)/2 and Z = D^(b-a)/2; degrees 2 1 2 and 2 2 1 0."""
    other = toy.normalised((0.25, 1.0))
    assert other.exponents == (0.25, 1.0)
    degree = np.array([2, 1, 2, 2, 2, 1])
    np.testing.assert_allclose(other.symmetric_scale, [*(degree**-0.625), 0])
    assert other.similarity is not None
    np.testing.assert_allclose(other.similarity, [*(degree**0.375), 1])
    assert toy.similarity is None
    assert toy.normalised((0.3, 0.3)).similarity is None


def test_a_graph_is_normalised_once_for_each_pair_of_exponents_over_the_same_lists(toy: BipartiteGraph) -> None:
    assert toy.exponents == (0.5, 0.5)
    assert toy.normalised((0.5, 0.5)) is toy
    other = toy.normalised((0.3, 0.4))
    assert toy.normalised((0.3, 0.4)) is other
    assert toy.normalised((0.4, 0.3)) is not other
    assert other.items_of is toy.items_of
    assert other.users_of is toy.users_of


def test_ages_go_along_with_other_exponents() -> None:
    graph = BipartiteGraph.from_pairs([0, 0], [1, 0], 1, 2, np.array([1, 2]))
    assert graph.age is not None
    assert graph.age.tolist() == [2, 1]
    assert graph.normalised((0.3, 0.4)).age is graph.age
    assert BipartiteGraph.from_pairs([0, 0], [1, 0], 1, 2).age is None


@pytest.mark.parametrize("sizes", [(0, 4), (4, 0), (0, 0)])
def test_which_side_has_no_node_is_told(sizes: tuple[int, int]) -> None:
    told = f"^both sides need a node, found {sizes[0]} users and {sizes[1]} items$"
    with pytest.raises(GraphError, match=told):
        BipartiteGraph.from_pairs([], [], *sizes)
    assert BipartiteGraph.from_pairs([], [], 1, 1).num_edges == 0


def test_how_many_ages_there_are_for_how_many_edges_is_told() -> None:
    n = 40
    user, item = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    with pytest.raises(GraphError, match=r"^1,601 ages for 1,600 edges; each needs one$"):
        BipartiteGraph.from_pairs(np.append(user, 0), np.append(item, 0), n, n, np.ones(n * n + 1, np.int64))


def test_edge_index_lists_each_edge_both_ways(toy: BipartiteGraph) -> None:
    pairs = [(0, 3), (0, 4), (1, 3), (2, 4), (2, 5)]
    found = {(int(a), int(b)) for a, b in toy.edge_index.T}
    assert found == {*pairs, *((item, user) for user, item in pairs)}
    assert toy.edge_index.dtype == torch.int64
    assert toy.edge_index[1].tolist() == sorted(toy.edge_index[1].tolist())


def test_an_edge_index_of_another_graph_one_way_is_refused() -> None:
    """As many edges each way, but not the same ones."""
    with pytest.raises(GraphError, match=r"^edge_index lists an edge in one direction only; messages must pass both"):
        BipartiteGraph.from_edge_index(torch.tensor([[0, 3], [2, 1]]), 2, 2)


def test_an_edge_between_items_is_refused() -> None:
    with pytest.raises(GraphError, match=r"^an edge joins two nodes of the same side; the graph is not bipartite$"):
        BipartiteGraph.from_edge_index(torch.tensor([[0, 2, 2, 3], [2, 0, 3, 2]]), 2, 2)
