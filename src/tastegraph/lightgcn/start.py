"""What E0 is before training."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch

from tastegraph.errors import ModelError
from tastegraph.graph.spectral import singular_triplets
from tastegraph.ranks.alone import ALONE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tastegraph.graph.bipartite import BipartiteGraph
    from tastegraph.lightgcn.config import ModelConfig
    from tastegraph.ranks.alone import Ranks

__all__ = ["start_embeddings"]


def start_embeddings(
    graph: BipartiteGraph, shape: ModelConfig, generator: torch.Generator, ranks: Ranks = ALONE
) -> torch.Tensor:
    """E0 as `shape.start` says, float32 [nodes, d]; of several ranks each one's columns of the same E0, [nodes, own].

    - "normal": N(0, init_std^2), as in He et al. 2020's code.
    - "xavier": uniform within sqrt(6 / (rows + d)), users and items each; Glorot and Bengio 2010.
    - "spectral": with U, V the d leading singular vectors of D_u^-1/2 R D_i^-1/2, the rows D_u^1/2 U of users and
      D_i^1/2 V of items, each side scaled to rows of the root mean square norm `start_norm`. The best d-dimensional
      start there is without training: the ideal low-pass filter of Shen et al. 2021 (arXiv 2108.07567).

    Args:
        graph: what the vectors belong to.
        shape: size of the model.
        generator: source of the draws, in the same state on all ranks.
        ranks: which columns are this process's.

    Raises:
        ModelError: a spectral start has not as many singular vectors as dimensions.
    """
    if shape.start == "spectral":
        e0 = _spectral(graph, shape.embedding_dim, shape.start_norm, ranks)
    else:
        e0 = _drawn(graph, shape, generator)
    return e0[:, ranks.columns(shape.embedding_dim)].contiguous()


def _drawn(graph: BipartiteGraph, shape: ModelConfig, generator: torch.Generator) -> torch.Tensor:
    e0 = torch.empty(graph.num_nodes, shape.embedding_dim)
    if shape.start == "normal":
        return e0.normal_(0, shape.init_std, generator=generator)
    for side in torch.split(e0, [graph.num_users, graph.num_items]):
        bound = math.sqrt(6 / (len(side) + shape.embedding_dim))
        side.uniform_(-bound, bound, generator=generator)
    return e0


def _spectral(graph: BipartiteGraph, d: int, norm: float, ranks: Ranks) -> torch.Tensor:
    """Computed by rank 0 for all: where singular values are equal, another processor may find other vectors."""
    smaller = min(graph.num_users, graph.num_items)
    if d > smaller:
        raise ModelError(
            f'model.start "spectral" needs as many users and items as dimensions, {d}; found {graph.num_users:,} users '
            f"and {graph.num_items:,} items; set model.embedding_dim={smaller} or less"
        )
    if ranks.rank:
        return ranks.sent(torch.empty(graph.num_nodes, d))
    with _one_thread():
        u, _, v = singular_triplets(graph, d)
    sides = (_scaled(u, graph.items_of.counts, norm), _scaled(v, graph.users_of.counts, norm))
    return ranks.sent(torch.from_numpy(np.concatenate(sides)))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Long inner products of a decomposition are cut into a part a thread; by one, their bits are always the same."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _scaled(vectors: NDArray[np.float32], degree: NDArray[np.int64], norm: float) -> NDArray[np.float32]:
    rows = vectors * np.sqrt(degree, dtype=np.float32)[:, None]
    scaled: NDArray[np.float32] = rows * np.float32(norm / math.sqrt(np.square(rows).sum(1).mean()))
    return scaled
