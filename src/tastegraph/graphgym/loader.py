"""Loader `tastegraph` of GraphGym: a data set of ours, split, as one PyG graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch_geometric.data import Data, InMemoryDataset
from torch_geometric.graphgym.config import cfg
from torch_geometric.graphgym.register import register_loader

from tastegraph.data.load import load
from tastegraph.data.splits import SplitConfig
from tastegraph.graph.bipartite import BipartiteGraph

if TYPE_CHECKING:
    from tastegraph.data.splits import HeldOut, Split

__all__ = ["OneGraph", "data_of_split", "load_one_graph"]

THRESHOLD = 3.0


class OneGraph(InMemoryDataset):  # type: ignore[misc]  # PyG is untyped
    """A PyG data set of a single graph that is at hand.

    Args:
        data: the graph.
    """

    def __init__(self, data: Data) -> None:
        super().__init__(None)
        self.data, self.slices = self.collate([data])


@register_loader("tastegraph")  # type: ignore[untyped-decorator]
def load_one_graph(format: str, name: str, dataset_dir: str) -> OneGraph | None:  # noqa: A002, ARG001 (GraphGym's names)
    """The data set `name` (a known name or a path), split 8:1:1 by `cfg.seed`; None for another format's loader.

    The numbers of users and items are left in `cfg.share`, where the network finds them.
    """
    if format != "TasteGraph":
        return None
    split = load(name).split(THRESHOLD, SplitConfig(seed=cfg.seed))
    cfg.share.num_users, cfg.share.num_items = len(split.fit.users), len(split.fit.items)
    return OneGraph(data_of_split(split))


def data_of_split(split: Split) -> Data:
    """The fit part's graph, users first, and the held-out pairs.

    Returns:
        edge_index, int64 [2, 2 x pairs], each edge both ways; val_edge and test_edge, int64 [2, held out], user and
        item index, an item that the fit part never saw (-1) included.
    """
    fit = split.fit
    graph = BipartiteGraph.from_pairs(fit.user, fit.item, len(fit.users), len(fit.items))
    held = {"val_edge": _pairs(split.validation), "test_edge": _pairs(split.test)}
    return Data(edge_index=graph.edge_index, num_nodes=graph.num_nodes, **held)


def _pairs(held: HeldOut) -> torch.Tensor:
    return torch.from_numpy(np.stack([held.user, held.item]).astype(np.int64))
