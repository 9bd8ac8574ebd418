"""The propagation operator: x -> P x, with P = D^-1/2 A D^-1/2 of a bipartite graph."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import torch

if TYPE_CHECKING:
    from tastegraph.graph.bipartite import BipartiteGraph

__all__ = ["propagate"]

# P on each device and in each dtype it was asked for; it lives as long as its graph.
_matrices: WeakKeyDictionary[BipartiteGraph, dict[tuple[torch.device, torch.dtype], torch.Tensor]] = WeakKeyDictionary()


def propagate(graph: BipartiteGraph, x: torch.Tensor) -> torch.Tensor:
    """One layer of light graph convolution over all nodes: P x.

    Row n of the result is sum over m in N_n of x_m / (sqrt|N_n| sqrt|N_m|); He et al. 2020, equation 3. P is
    symmetric, so the gradient is the same operator applied to the gradient, and nothing is saved for it.

    Args:
        graph: its normalisation is computed once and kept.
        x: node values, users first, float [nodes, d].

    Returns:
        P x, of the shape, dtype and device of `x`.
    """
    return _Propagate.apply(x, _matrix(graph, x))  # type: ignore[no-untyped-call, no-any-return]


class _Propagate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
        ctx.matrix = matrix
        return matrix @ x

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        (gradient,) = gradients
        return _Propagate.apply(gradient, ctx.matrix), None  # type: ignore[no-untyped-call]


def _matrix(graph: BipartiteGraph, x: torch.Tensor) -> torch.Tensor:
    kept = _matrices.setdefault(graph, {})
    place = (x.device, x.dtype)
    if place not in kept:
        kept[place] = _build_matrix(graph).to(x.device, x.dtype)
    return kept[place]


def _build_matrix(graph: BipartiteGraph) -> torch.Tensor:
    """P as a float64 CSR matrix: the entry of edge (n, m) is (|N_n| |N_m|)^-1/2."""
    lists = graph.lists
    d = graph.rsqrt_degree
    values = np.repeat(d, lists.counts) * d[lists.index]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(
            torch.from_numpy(lists.start),
            torch.from_numpy(lists.index.astype(np.int64)),
            torch.from_numpy(values),
            (graph.num_nodes, graph.num_nodes),
            check_invariants=False,
        )
