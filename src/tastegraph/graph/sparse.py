"""Propagation in plain PyTorch, for every device and float dtype: P in compressed rows, times the node values.

P is symmetric, so the backward of a product is the same product, and autograd does the rest. It is what the compiled
kernels are held against, and what a GPU runs (there by cuSPARSE). Nothing here waits for the device.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from tastegraph.graph.bipartite import BipartiteGraph

__all__ = ["Matrix", "matrix_of", "product", "sum_of_layers"]

LARGEST_HALF = 2.0**15  # that a sum stored as a half may come to; halves end at 65504
SMALLEST = 2.0**-100  # rows are scaled as if their largest number were no smaller


@dataclass(frozen=True, eq=False)
class Matrix:
    """P = S A S with S = D^-1/2, or what else the graph's exponents ask for, in compressed rows.

    Attributes:
        start: where each row starts in `index`, int32 [nodes + 1]; int64 from 2^31 entries on.
        index: column of each entry, of the same dtype, [entries].
        values: of each entry, [entries]; float16 where rows are to be stored as halves.
        largest: the largest sum of a row, at least 1, float32, a scalar: no number of a product is larger than the
            input's largest times this.
    """

    start: torch.Tensor
    index: torch.Tensor
    values: torch.Tensor
    largest: torch.Tensor


def matrix_of(graph: BipartiteGraph, device: torch.device, dtype: torch.dtype) -> Matrix:
    """P of a graph, of equal exponents, on a device."""
    _expect_beta()
    lists, scale = graph.lists, graph.symmetric_scale
    row = np.repeat(np.arange(graph.num_nodes), lists.counts)
    values = scale[row] * scale[lists.index]
    largest = np.bincount(row, values, minlength=1).max(initial=1)
    whole = np.int32 if len(values) <= np.iinfo(np.int32).max else np.int64
    return Matrix(
        torch.from_numpy(lists.start.astype(whole)).to(device),
        torch.from_numpy(lists.index.astype(whole)).to(device),
        torch.from_numpy(values).to(dtype).to(device),
        torch.tensor(largest, dtype=torch.float32, device=device),
    )


def product(p: Matrix, x: torch.Tensor) -> torch.Tensor:
    """P x, float [nodes, d], with its gradient."""
    return torch.ops.tastegraph.symmetric_product(x, p.start, p.index, p.values, p.largest)  # type: ignore[no-any-return]


def sum_of_layers(p: Matrix, x: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
    """alpha_0 x + alpha_1 P x + ... + alpha_K P^K x by Horner's rule, float [nodes, d], with gradients."""
    weights = alpha.to(x.dtype).unbind()
    total = weights[-1] * x
    for weight in reversed(weights[:-1]):
        total = product(p, total) + weight * x
    return total


@torch.library.custom_op("tastegraph::symmetric_product", mutates_args=())
def _symmetric_product(
    x: torch.Tensor, start: torch.Tensor, index: torch.Tensor, values: torch.Tensor, largest: torch.Tensor
) -> torch.Tensor:
    if values.dtype != torch.float16:
        return _rows(start, index, values) @ x
    scale = LARGEST_HALF / (largest * x.abs().amax()).clamp(min=SMALLEST)
    stored = (scale * x).half()
    if x.device.type == "cpu":  # where PyTorch has no product of halves: the same, stored and added up as a GPU does
        total = (_rows(start, index, values.float()) @ stored.float()).half()
    else:
        total = _rows(start, index, values) @ stored
    return total.to(x.dtype) / scale


@_symmetric_product.register_fake
def _(x: torch.Tensor, *_: Any) -> torch.Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


def _keep_matrix(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:  # noqa: ARG001
    ctx.matrix = inputs[1:]


def _symmetric_product_backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    return torch.ops.tastegraph.symmetric_product(gradient, *ctx.matrix), None, None, None, None


_symmetric_product.register_autograd(_symmetric_product_backward, setup_context=_keep_matrix)


def _rows(start: torch.Tensor, index: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    size = (len(start) - 1, len(start) - 1)
    return torch.sparse_csr_tensor(start, index, values, size=size, device=values.device, check_invariants=False)


@cache
def _expect_beta() -> None:
    """Have PyTorch say, once and unheard, that its compressed rows are in beta."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta state")
        torch.sparse_csr_tensor([0, 0], [], [], size=(1, 1), check_invariants=False)
