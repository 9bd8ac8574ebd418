"""Propagation with P = D^-a A D^-b of a bipartite graph, a = b = 1/2 where nothing else is asked for.

`propagate` is one layer, P x; `sum_of_layers` is the sum of alpha_k P^k x over all nodes: a LightGCN's embeddings;
`sum_of_layers_at` is the same at some rows: what a training step needs. Each is an operator of `torch.ops.tastegraph`
where compiled kernels run, and plain PyTorch (`sparse`) elsewhere.

Both know symmetric matrices only, whose backward is their forward. P = Z M Z^-1 with M symmetric and Z
diagonal, so a polynomial in P is Z times the one in M, times Z^-1: other exponents cost a scaling before and one after.
"""

from __future__ import annotations

import platform
import time
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import torch
from llvmlite import binding as llvm

import tastegraph.graph.propagation_operators  # noqa: F401 (registers the operators)
from tastegraph.graph import compiled, devices, sparse
from tastegraph.graph.compiled import Lists, equal_parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from tastegraph.graph.bipartite import BipartiteGraph

__all__ = [
    "Precision",
    "layer_into",
    "path_of",
    "propagate",
    "stored_as",
    "sum_of_layers",
    "sum_of_layers_at",
    "warm_up",
]

Precision = Literal["float32", "float16"]
Made = TypeVar("Made")

X86 = ("x86_64", "AMD64", "i386", "i686")  # of these, all since 2012 have F16C
PATHS: dict[bool, str] = {True: "compiled kernels (numba)", False: "PyTorch (compressed rows)"}

# What was made of each graph, for the kernels or for a device and a dtype; it lives as long as the graph.
_Lists = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]  # start, index, scale and parts
_kept: WeakKeyDictionary[BipartiteGraph, dict[Any, Any]] = WeakKeyDictionary()


def propagate(graph: BipartiteGraph, x: torch.Tensor, precision: Precision = "float32") -> torch.Tensor:
    """One layer of light graph convolution over all nodes: P x.

    Row n of the result is sum over m in N_n of x_m / (|N_n|^a |N_m|^b), a = b = 1/2 in He et al. 2020, equation 3.

    Args:
        graph: its normalisation is computed once and kept.
        x: node values, users first, float [nodes, d].
        precision: how the rows to be gathered are stored in between; sums are in float32 all the same.

    Returns:
        P x, of the shape, dtype and device of `x`.
    """
    before, after = _around(graph, x)
    y: torch.Tensor = (
        torch.ops.tastegraph.propagate(before, *_lists(graph), stored_as(precision) == "float16")
        if devices.is_compiled(x)
        else sparse.product(_matrix(graph, x, precision), before)
    )
    return y if after is None else after * y


def layer_into(graph: BipartiteGraph, x: torch.Tensor, rows: range, out: torch.Tensor) -> None:
    """One layer at a stretch of rows, P x, in memory that is there: for many layers over and over, without gradients.

    Args:
        graph: as for `propagate`; of equal exponents.
        x: node values, float32 [nodes, d] on the CPU, contiguous.
        rows: nodes, such as all items.
        out: float32 [rows, d] on the CPU, contiguous; rows of `x` only where none of `rows` has a neighbour among them.
    """
    lists = Lists(*(part.numpy() for part in _lists(graph)))
    compiled.layer_into(x.numpy(), rows, lists, out.numpy())


def sum_of_layers(
    graph: BipartiteGraph, x: torch.Tensor, alpha: torch.Tensor, precision: Precision = "float32"
) -> torch.Tensor:
    """The weighted sum of layers over all nodes, alpha_0 x + alpha_1 P x + ... + alpha_K P^K x; equation 4.

    Args:
        graph: as for `propagate`.
        x: node values, float [nodes, d].
        alpha: weights of layers 0..K, float [K + 1].
        precision: as for `propagate`.

    Returns:
        float [nodes, d], with gradients for `x` and `alpha`.
    """
    before, after = _around(graph, x)
    total: torch.Tensor = (
        torch.ops.tastegraph.sum_of_layers(before, alpha, *_lists(graph), stored_as(precision) == "float16")
        if devices.is_compiled(x)
        else sparse.sum_of_layers(_matrix(graph, x, precision), before, alpha)
    )
    return total if after is None else after * total


def sum_of_layers_at(
    graph: BipartiteGraph, x: torch.Tensor, alpha: torch.Tensor, rows: torch.Tensor, precision: Precision = "float32"
) -> tuple[torch.Tensor, torch.Tensor]:
    """The same sum at some rows, and x there: what one training step needs.

    Compiled kernels compute the last layer at these rows only, and the gradient's first layer knows that all other rows
    are zero.

    Args:
        graph: as for `propagate`.
        x: node values, float [nodes, d].
        alpha: weights of layers 0..K, float [K + 1].
        rows: node indices, int64 [n]; for compiled kernels each at most once.
        precision: as for `propagate`.

    Returns:
        The sum and x at the rows, float [n, d] each, with gradients for `x` and `alpha`.
    """
    if not devices.is_compiled(x):
        return sum_of_layers(graph, x, alpha, precision).index_select(0, rows), x.index_select(0, rows)
    before, after = _around(graph, x)
    half = stored_as(precision) == "float16"
    total, own = torch.ops.tastegraph.sum_of_layers_at(before, alpha, rows, *_lists(graph), half)
    if after is None:
        return total, own
    z = after.index_select(0, rows)
    return z * total, z * own


@cache
def stored_as(precision: Precision) -> Precision:
    """How compiled kernels store rows here: as asked, but float32 on an x86 processor that cannot convert halves."""
    if precision == "float16" and platform.machine() in X86 and not llvm.get_host_cpu_features().get("f16c", False):
        return "float32"
    return precision


def path_of(device: torch.device) -> str:
    """Which implementation runs on a device, for people."""
    return PATHS[devices.runs_compiled(device)]


def warm_up(width: int, precision: Precision) -> float:
    """Compile the kernels for rows of `width` numbers, or load them from disk; returns the seconds that took."""
    from tastegraph.graph.bipartite import BipartiteGraph

    began = time.perf_counter()
    graph = BipartiteGraph.from_pairs([0], [0], 1, 1)
    x = torch.ones(2, width, requires_grad=True)
    alpha = torch.ones(3)
    torch.autograd.backward(sum_of_layers_at(graph, x, alpha, torch.tensor([0]), precision)[0].sum())
    sum_of_layers(graph, x.detach(), alpha, "float32")
    return time.perf_counter() - began


def _around(graph: BipartiteGraph, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Z^-1 x, which the symmetric operators are given, and Z, which multiplies what they return; None if all ones."""
    if graph.similarity is None:
        return x, None
    z = _once(graph, ("Z", x.device, x.dtype), lambda: torch.from_numpy(graph.similarity).to(x).unsqueeze(1))
    return x / z, z


def _lists(graph: BipartiteGraph) -> _Lists:
    """The graph as the kernels read it."""

    def made() -> _Lists:
        lists = graph.lists
        arrays = (lists.start, lists.index, graph.symmetric_scale.astype(np.float32), equal_parts(lists.counts))
        start, index, scale, parts = (torch.from_numpy(array) for array in arrays)
        return start, index, scale, parts

    return _once(graph, "lists", made)


def _matrix(graph: BipartiteGraph, x: torch.Tensor, precision: Precision) -> sparse.Matrix:
    """The graph as a matrix beside x; its halves are for float32 alone."""
    p = _once(graph, ("P", x.device, x.dtype), lambda: sparse.matrix_of(graph, x.device, x.dtype))
    if precision == "float32" or x.dtype != torch.float32:
        return p
    return _once(graph, ("P in halves", x.device), lambda: replace(p, values=p.values.half()))


def _once(graph: BipartiteGraph, key: Any, make: Callable[[], Made]) -> Made:
    kept = _kept.setdefault(graph, {})
    if key not in kept:
        kept[key] = make()
    made: Made = kept[key]
    return made
