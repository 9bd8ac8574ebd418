"""To and from PyTorch Geometric: graphs as Data and HeteroData, state dicts of torch_geometric.nn.LightGCN."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch_geometric.data import Data, HeteroData

from tastegraph.errors import GraphError, ModelError
from tastegraph.graph.bipartite import BipartiteGraph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tastegraph.lightgcn.model import LightGCN

__all__ = ["from_pyg_state", "graph_of", "to_data", "to_hetero_data", "to_pyg_state"]

EMBEDDING, ALPHA = "embedding.weight", "alpha"  # their names in torch_geometric.nn.LightGCN
RELATION = ("user", "likes", "item")


def to_data(graph: BipartiteGraph) -> Data:
    """A PyG graph with edge_index, int64 [2, 2 x edges], users first, each edge both ways; num_users and num_items."""
    return Data(
        edge_index=graph.edge_index, num_nodes=graph.num_nodes, num_users=graph.num_users, num_items=graph.num_items
    )


def to_hetero_data(graph: BipartiteGraph) -> HeteroData:
    """A PyG graph of node types user and item with ("user", "likes", "item") and its reverse, int64 [2, edges] each."""
    data = HeteroData()
    data["user"].num_nodes, data["item"].num_nodes = graph.num_users, graph.num_items
    source, target = graph.edge_index
    outward = source < graph.num_users
    edges = torch.stack([source[outward], target[outward] - graph.num_users])
    data[RELATION].edge_index = edges
    data["item", f"rev_{RELATION[1]}", "user"].edge_index = edges.flip(0)
    return data


def graph_of(
    data: Data | HeteroData, num_users: int | None = None, relation: tuple[str, str, str] | None = None
) -> BipartiteGraph:
    """The bipartite graph of a PyG graph.

    Args:
        data: `Data` whose edge_index lists each edge both ways, users first; or `HeteroData`.
        num_users: of `Data`; what it says itself by default.
        relation: of `HeteroData`, from users to items; the first edge type by default.

    Raises:
        GraphError: the number of users is not known, the relation is not there, or edges are not those of such a graph.
    """
    if isinstance(data, HeteroData):
        return _of_relation(data, relation)
    users = num_users if num_users is not None else data.get("num_users")
    if users is None:
        raise GraphError("a Data graph does not say which nodes are users; hand in num_users")
    return BipartiteGraph.from_edge_index(data.edge_index, int(users), int(data.num_nodes) - int(users))


def _of_relation(data: HeteroData, relation: tuple[str, str, str] | None) -> BipartiteGraph:
    if not data.edge_types or (relation is not None and relation not in data.edge_types):
        raise GraphError(f"no relation {relation or 'at all'} in the graph; it has {data.edge_types}")
    chosen = relation or data.edge_types[0]
    users, items = data[chosen[0]].num_nodes, data[chosen[2]].num_nodes
    if users is None or items is None:
        raise GraphError(f"the graph does not say how many {chosen[0]} and {chosen[2]} nodes it has; set num_nodes")
    user, item = data[chosen].edge_index.cpu().numpy()
    return BipartiteGraph.from_pairs(user, item, users, items)


def to_pyg_state(model: LightGCN) -> dict[str, torch.Tensor]:
    """The state dict with which torch_geometric.nn.LightGCN of the same shapes gives the same scores."""
    return {EMBEDDING: model.E0.detach().clone(), ALPHA: model.alpha.detach().clone()}


def from_pyg_state(model: LightGCN, state: Mapping[str, torch.Tensor]) -> LightGCN:
    """Load a state dict of torch_geometric.nn.LightGCN, E0 and alpha, into a model of the same size; returns it.

    Raises:
        ModelError: tensors are missing or of another shape, or alpha is one that a learned alpha cannot be.
    """
    for name, own in ((EMBEDDING, model.E0), (ALPHA, model.alpha)):
        if name not in state or state[name].shape != own.shape:
            found = tuple(state[name].shape) if name in state else "none"
            raise ModelError(f"{name} of the shape {tuple(own.shape)} is needed, found {found}")
    alpha = state[ALPHA].to(model.E0.dtype)
    if model.alpha_logits is not None and not (bool((alpha > 0).all()) and abs(float(alpha.sum()) - 1) < 1e-4):
        raise ModelError(f"a learned alpha is positive and sums to 1; found {alpha.tolist()}")
    with torch.no_grad():
        model.E0.copy_(state[EMBEDDING])
        if model.alpha_logits is not None:
            model.alpha_logits.copy_(alpha.log())
        else:
            model.get_buffer("_alpha").copy_(alpha)
    return model
