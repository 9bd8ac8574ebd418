"""The propagation operator: x -> P x, with P = D^-1/2 A D^-1/2 of a bipartite graph.

It is registered as `torch.ops.tastegraph.propagate`. On a CPU in float32 a compiled kernel runs; elsewhere, and in
other dtypes, the plain PyTorch reference, which the tests hold the kernel against.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

import numba
import numpy as np
import torch

from tastegraph.graph.kernels import propagation_kernel

if TYPE_CHECKING:
    from tastegraph.graph.bipartite import BipartiteGraph

__all__ = ["Precision", "path_of", "propagate", "propagate_reference"]

Precision = Literal["float32", "float16"]

PARTS = 64  # pieces of about equal work that rows are cut into, for the threads to share
PATHS: dict[bool, str] = {True: "compiled kernel (numba)", False: "PyTorch reference"}

# start, index, rsqrt and parts of each graph on each device it was asked for on; they live as long as the graph.
_Lists = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]
_kept: WeakKeyDictionary[BipartiteGraph, dict[torch.device, _Lists]] = WeakKeyDictionary()


def propagate(graph: BipartiteGraph, x: torch.Tensor, precision: Precision = "float32") -> torch.Tensor:
    """One layer of light graph convolution over all nodes: P x.

    Row n of the result is sum over m in N_n of x_m / (sqrt|N_n| sqrt|N_m|); He et al. 2020, equation 3. P is
    symmetric, so the gradient is the same operator applied to the gradient, and nothing is saved for it.

    Args:
        graph: its normalisation is computed once and kept.
        x: node values, users first, float [nodes, d].
        precision: how the rows to be gathered are stored in between; sums are in float32 all the same.

    Returns:
        P x, of the shape, dtype and device of `x`.
    """
    return torch.ops.tastegraph.propagate(x, *_lists(graph, x.device), precision == "float16")  # type: ignore[no-any-return]


def propagate_reference(x: torch.Tensor, start: torch.Tensor, index: torch.Tensor, rsqrt: torch.Tensor) -> torch.Tensor:
    """P x in plain PyTorch: scale, gather, add up, scale. For every device and float dtype."""
    counts = (start[1:] - start[:-1]).to(torch.int64)
    target = torch.repeat_interleave(counts)
    scale = rsqrt.to(x.dtype).unsqueeze(1)
    gathered = (scale * x)[index.to(torch.int64)]
    return scale * torch.zeros_like(x).index_add_(0, target, gathered)


def path_of(x: torch.Tensor) -> str:
    """Which implementation runs for `x`, for people."""
    return PATHS[_is_compiled(x)]


@torch.library.custom_op("tastegraph::propagate", mutates_args=())
def _propagate(
    x: torch.Tensor,
    start: torch.Tensor,
    index: torch.Tensor,
    rsqrt: torch.Tensor,
    parts: torch.Tensor,
    half: bool,
) -> torch.Tensor:
    if not _is_compiled(x):
        return propagate_reference(x, start, index, rsqrt)
    rows = np.ascontiguousarray(x.detach().numpy())
    out = np.empty_like(rows)
    stored = np.empty(rows.shape, np.uint16 if half else np.float32)
    kernel = propagation_kernel(rows.shape[1])
    numba.set_num_threads(min(torch.get_num_threads(), numba.config.NUMBA_NUM_THREADS))
    kernel(rows, start.numpy(), index.numpy(), rsqrt.numpy(), parts.numpy(), stored, out)
    return torch.from_numpy(out)


@_propagate.register_fake
def _(x: torch.Tensor, *_: Any) -> torch.Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


def _keep_lists(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:  # noqa: ARG001
    ctx.lists = inputs[1:]


def _backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    return torch.ops.tastegraph.propagate(gradient, *ctx.lists), None, None, None, None, None


_propagate.register_autograd(_backward, setup_context=_keep_lists)


def _is_compiled(x: torch.Tensor) -> bool:
    return x.device.type == "cpu" and x.dtype == torch.float32


def _lists(graph: BipartiteGraph, device: torch.device) -> _Lists:
    kept = _kept.setdefault(graph, {})
    if device not in kept:
        lists = graph.lists
        rsqrt = graph.rsqrt_degree.astype(np.float32)
        arrays = (lists.start, lists.index, rsqrt, _equal_parts(lists.start))
        start, index, scale, parts = (torch.from_numpy(array).to(device) for array in arrays)
        kept[device] = (start, index, scale, parts)
    return kept[device]


def _equal_parts(start: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Row numbers that cut the rows into PARTS pieces with about the same number of entries and rows together."""
    rows = len(start) - 1
    work = start + np.arange(rows + 1)
    cuts = np.searchsorted(work, np.linspace(0, work[-1], PARTS + 1)).astype(np.int64)
    cuts[-1] = rows
    return cuts
