from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch_geometric.data import Data, HeteroData
from torch_geometric.nn import LightGCN as PyGLightGCN
from torch_geometric.nn import Sequential

from tastegraph.errors import GraphError, ModelError
from tastegraph.lightgcn.conv import LightGCNConv
from tastegraph.lightgcn.model import LightGCN
from tastegraph.lightgcn.pyg import from_pyg_state, graph_of, to_data, to_hetero_data, to_pyg_state

if TYPE_CHECKING:
    from tastegraph.graph.bipartite import BipartiteGraph

SHAPE = {"embedding_dim": 8, "num_layers": 2}


def _same_graph(one: BipartiteGraph, other: BipartiteGraph) -> bool:
    return (one.num_users, one.num_items) == (other.num_users, other.num_items) and torch.equal(
        one.edge_index, other.edge_index
    )


@pytest.mark.parametrize("alpha", ["uniform", "learned", (0.0, 0.5, 0.5)])
def test_pygs_lightgcn_gives_the_same_scores_with_our_state(
    toy: BipartiteGraph, alpha: str | tuple[float, ...]
) -> None:
    ours = LightGCN(3, 4, embedding_dim=8, num_layers=2, alpha=alpha)  # type: ignore[arg-type]
    theirs = PyGLightGCN(7, **SHAPE)
    theirs.load_state_dict(to_pyg_state(ours))
    user, item = torch.tensor([0, 1, 2, 2]), torch.tensor([0, 3, 1, 2])
    scores = theirs(toy.edge_index, torch.stack([user, item + 3]))
    torch.testing.assert_close(ours.score(toy, user, item), scores)


@pytest.mark.parametrize("alpha", ["uniform", "learned"])
def test_ours_gives_the_same_scores_with_pygs_state(toy: BipartiteGraph, alpha: str) -> None:
    theirs = PyGLightGCN(7, **SHAPE, alpha=torch.tensor([0.2, 0.3, 0.5]))
    ours = from_pyg_state(LightGCN(3, 4, embedding_dim=8, num_layers=2, alpha=alpha), theirs.state_dict())  # type: ignore[arg-type]
    torch.testing.assert_close(ours.embeddings(toy), theirs.get_embedding(toy.edge_index))


def test_a_state_of_another_size_or_no_alpha_that_can_be_learned_is_refused() -> None:
    with pytest.raises(ModelError, match=r"embedding.weight of the shape \(7, 64\) is needed, found \(7, 8\)"):
        from_pyg_state(LightGCN(3, 4), PyGLightGCN(7, 8, 3).state_dict())
    state = PyGLightGCN(7, **SHAPE, alpha=1.0).state_dict()
    learned = LightGCN(3, 4, embedding_dim=8, num_layers=2, alpha="learned")
    with pytest.raises(ModelError, match="a learned alpha is positive and sums to 1"):
        from_pyg_state(learned, state)


def test_the_layer_stands_in_a_sequential(toy: BipartiteGraph) -> None:
    layers = Sequential(
        "x, edge_index",
        [
            (LightGCNConv(), "x, edge_index -> x1"),
            (LightGCNConv(), "x1, edge_index -> x2"),
            (lambda *x: sum(x) / 3, "x, x1, x2 -> x"),
        ],
    )
    model = LightGCN(3, 4, embedding_dim=8, num_layers=2)
    torch.testing.assert_close(layers(model.E0, toy.edge_index), model.embeddings(toy))


def test_graphs_go_to_pyg_and_back(toy: BipartiteGraph) -> None:
    for data in (to_data(toy), to_hetero_data(toy)):
        assert data.validate()
        assert _same_graph(graph_of(data), toy)
    assert to_hetero_data(toy).to_homogeneous().is_undirected()


def test_a_graph_that_does_not_say_its_users_is_refused(toy: BipartiteGraph) -> None:
    bare = Data(edge_index=toy.edge_index, num_nodes=7)
    with pytest.raises(GraphError, match="hand in num_users"):
        graph_of(bare)
    assert _same_graph(graph_of(bare, num_users=3), toy)
    with pytest.raises(GraphError, match="no relation at all"):
        graph_of(HeteroData())
    with pytest.raises(GraphError, match="no relation"):
        graph_of(to_hetero_data(toy), relation=("user", "hates", "item"))
