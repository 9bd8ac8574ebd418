from __future__ import annotations

import pytest
import torch
from torch_geometric.nn import LGConv, MessagePassing

from tastegraph.errors import GraphError
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.lightgcn.conv import LightGCNConv, edge_weights

S = 2**-0.5  # 1 / sqrt(2)


def test_the_layer_equals_the_formula_worked_out_by_hand(toy: BipartiteGraph) -> None:
    # Users 0, 1, 2 have degrees 2, 1, 2; items 0, 1, 2, 3 (nodes 3 to 6) have 2, 2, 1, 0.
    # e_u0 = e_i0 / (sqrt2 sqrt2) + e_i1 / (sqrt2 sqrt2), e_u1 = e_i0 / (1 sqrt2), e_u2 = e_i1 / 2 + e_i2 / sqrt2, ...
    x = torch.tensor([[1.0], [10.0], [100.0], [2.0], [20.0], [200.0], [7.0]])
    by_hand = [
        2 / 2 + 20 / 2,
        2 * S,
        20 / 2 + 200 * S,
        1 / 2 + 10 * S,
        1 / 2 + 100 / 2,
        100 * S,
        0.0,
    ]
    expected = torch.tensor(by_hand).unsqueeze(1)
    torch.testing.assert_close(LightGCNConv()(x, toy), expected)
    torch.testing.assert_close(LightGCNConv()(x, toy.edge_index), expected)


def test_it_is_a_message_passing_layer_without_parameters() -> None:
    conv = LightGCNConv()
    assert isinstance(conv, MessagePassing)
    assert list(conv.parameters()) == []


def test_it_equals_pygs_layer(toy: BipartiteGraph) -> None:
    x = torch.randn(7, 16)
    expected = LGConv()(x, toy.edge_index)
    torch.testing.assert_close(LightGCNConv()(x, toy), expected)
    weight = edge_weights(toy.edge_index, 7)
    torch.testing.assert_close(LightGCNConv()(x, toy.edge_index, weight), expected)


@pytest.mark.parametrize("form", ["graph", "edge_index"])
def test_messages_pass_both_ways(toy: BipartiteGraph, form: str) -> None:
    graph = toy if form == "graph" else toy.edge_index
    only_users, only_items = torch.zeros(7, 1), torch.zeros(7, 1)
    only_users[:3] = 1
    only_items[3:] = 1
    assert bool((LightGCNConv()(only_users, graph)[3:6] > 0).all())
    assert bool((LightGCNConv()(only_items, graph)[:3] > 0).all())


def test_an_edge_index_in_one_direction_is_refused(toy: BipartiteGraph) -> None:
    one_way = toy.edge_index[:, toy.edge_index[0] < 3]
    with pytest.raises(GraphError, match="one direction only"):
        LightGCNConv()(torch.randn(7, 2), one_way)


def test_relabelling_nodes_relabels_the_output() -> None:
    generator = torch.Generator().manual_seed(1)
    user, item = torch.randint(20, (60,), generator=generator), torch.randint(30, (60,), generator=generator)
    new_user, new_item = torch.randperm(20, generator=generator), torch.randperm(30, generator=generator)
    graph = BipartiteGraph.from_pairs(user, item, 20, 30)
    relabelled = BipartiteGraph.from_pairs(new_user[user], new_item[item], 20, 30)
    place = torch.cat([new_user, new_item + 20])
    x = torch.randn(50, 8, generator=generator)
    moved = torch.empty_like(x)
    moved[place] = x
    conv = LightGCNConv()
    torch.testing.assert_close(conv(moved, relabelled)[place], conv(x, graph))


def test_it_chains_in_a_pyg_sequential(toy: BipartiteGraph) -> None:
    from torch_geometric.nn import Sequential

    network = Sequential(
        "x, edge_index", [(LightGCNConv(), "x, edge_index -> x"), (LightGCNConv(), "x, edge_index -> x")]
    )
    x = torch.randn(7, 4)
    torch.testing.assert_close(network(x, toy.edge_index), LightGCNConv()(LightGCNConv()(x, toy), toy))
