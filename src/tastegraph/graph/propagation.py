"""Propagation with P = D^-1/2 A D^-1/2 of a bipartite graph, as operators that torch knows.

`torch.ops.tastegraph.propagate` is one layer, P x. `torch.ops.tastegraph.layers_at` is x, P x, ... P^K x at some rows:
what a training step needs. On a CPU in float32 compiled kernels run; elsewhere, and in other dtypes, the plain PyTorch
references, which the tests hold the kernels against. P is symmetric: gradients come from the same lists, and nothing is
saved for them.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

import numba
import numpy as np
import torch

from tastegraph.graph.kernels import backward_kernel, forward_kernel, gather_kernel, pack_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.graph.bipartite import BipartiteGraph

__all__ = [
    "Precision",
    "layers_at",
    "layers_at_reference",
    "path_of",
    "propagate",
    "propagate_reference",
    "use_torchs_threads",
    "warm_up",
]

Precision = Literal["float32", "float16"]

PARTS = 64  # pieces of about equal work that rows are cut into, for the threads to share
LARGEST_STORED = 2.0**8  # what the largest number is scaled to where halves are stored: far from both ends of a half
PATHS: dict[bool, str] = {True: "compiled kernels (numba)", False: "PyTorch reference"}

# start, index, rsqrt and parts of each graph on each device it was asked for on; they live as long as the graph.
_Lists = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]
_kept: WeakKeyDictionary[BipartiteGraph, dict[torch.device, _Lists]] = WeakKeyDictionary()


def propagate(graph: BipartiteGraph, x: torch.Tensor, precision: Precision = "float32") -> torch.Tensor:
    """One layer of light graph convolution over all nodes: P x.

    Row n of the result is sum over m in N_n of x_m / (sqrt|N_n| sqrt|N_m|); He et al. 2020, equation 3.

    Args:
        graph: its normalisation is computed once and kept.
        x: node values, users first, float [nodes, d].
        precision: how the rows to be gathered are stored in between; sums are in float32 all the same.

    Returns:
        P x, of the shape, dtype and device of `x`.
    """
    return torch.ops.tastegraph.propagate(x, *_lists(graph, x.device), precision == "float16")  # type: ignore[no-any-return]


def layers_at(
    graph: BipartiteGraph, x: torch.Tensor, rows: torch.Tensor, num_layers: int, precision: Precision = "float32"
) -> torch.Tensor:
    """The layers x, P x, ..., P^K x at some rows: what one training step needs.

    The last layer is computed at these rows only, and the gradient's first layer knows that all other rows are zero.

    Args:
        graph: as for `propagate`.
        x: node values, float [nodes, d].
        rows: node indices, int64 [n], each at most once.
        num_layers: K.
        precision: as for `propagate`.

    Returns:
        float [K + 1, n, d].
    """
    lists = _lists(graph, x.device)
    return torch.ops.tastegraph.layers_at(x, rows, num_layers, *lists, precision == "float16")  # type: ignore[no-any-return]


def propagate_reference(x: torch.Tensor, start: torch.Tensor, index: torch.Tensor, rsqrt: torch.Tensor) -> torch.Tensor:
    """P x in plain PyTorch: scale, gather, add up, scale. For every device and float dtype."""
    counts = (start[1:] - start[:-1]).to(torch.int64)
    target = torch.repeat_interleave(counts)
    scale = rsqrt.to(x.dtype).unsqueeze(1)
    gathered = (scale * x)[index.to(torch.int64)]
    return scale * torch.zeros_like(x).index_add_(0, target, gathered)


def layers_at_reference(x: torch.Tensor, rows: torch.Tensor, num_layers: int, *lists: torch.Tensor) -> torch.Tensor:
    """x, P x, ..., P^K x at `rows` in plain PyTorch."""
    layers = [x[rows]]
    for _ in range(num_layers):
        x = propagate_reference(x, *lists[:3])
        layers.append(x[rows])
    return torch.stack(layers)


def path_of(x: torch.Tensor) -> str:
    """Which implementation runs for `x`, for people."""
    return PATHS[_is_compiled(x)]


def warm_up(width: int, precision: Precision) -> float:
    """Compile the kernels for rows of `width` numbers, or load them from disk; returns the seconds that took."""
    from tastegraph.graph.bipartite import BipartiteGraph

    began = time.perf_counter()
    graph = BipartiteGraph.from_pairs([0], [0], 1, 1)
    x = torch.ones(2, width, requires_grad=True)
    torch.autograd.backward(layers_at(graph, x, torch.tensor([0]), 2, precision).sum())
    propagate(graph, x.detach(), precision)
    return time.perf_counter() - began


@torch.library.custom_op("tastegraph::propagate", mutates_args=())
def _propagate(
    x: torch.Tensor, start: torch.Tensor, index: torch.Tensor, rsqrt: torch.Tensor, parts: torch.Tensor, half: bool
) -> torch.Tensor:
    if not _is_compiled(x):
        return propagate_reference(x, start, index, rsqrt)
    rows = _array(x)
    stored, _ = _scratch(rows.shape, half=half)
    scale = _scale(rows, half=half)
    use_torchs_threads()
    pack_kernel(rows.shape[1])(rows, rsqrt.numpy(), scale, stored)
    out = np.empty_like(rows)
    lists, every = (start.numpy(), index.numpy(), rsqrt.numpy()), np.arange(len(rows))
    gather_kernel(rows.shape[1])(*lists, parts.numpy(), 1 / scale, stored, every, out)
    return torch.from_numpy(out)


@_propagate.register_fake
def _(x: torch.Tensor, *_: Any) -> torch.Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


def _keep_lists(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:  # noqa: ARG001
    ctx.lists = inputs[1:]


def _propagate_backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    return torch.ops.tastegraph.propagate(gradient, *ctx.lists), None, None, None, None, None


_propagate.register_autograd(_propagate_backward, setup_context=_keep_lists)


@torch.library.custom_op("tastegraph::layers_at", mutates_args=())
def _layers_at(
    x: torch.Tensor,
    rows: torch.Tensor,
    num_layers: int,
    start: torch.Tensor,
    index: torch.Tensor,
    rsqrt: torch.Tensor,
    parts: torch.Tensor,
    half: bool,
) -> torch.Tensor:
    if not _is_compiled(x):
        return layers_at_reference(x, rows, num_layers, start, index, rsqrt)
    values, wanted = _array(x), rows.numpy()
    out = np.empty((num_layers + 1, len(wanted), values.shape[1]), np.float32)
    out[0] = values[wanted]
    if num_layers:
        width = values.shape[1]
        scale = _scale(values, half=half)
        here, after = _scratch(values.shape, half=half)
        lists = (start.numpy(), index.numpy(), rsqrt.numpy())
        position = _positions(wanted, len(values))
        use_torchs_threads()
        pack_kernel(width)(values, lists[2], scale, here)
        for layer in range(1, num_layers):
            forward_kernel(width)(*lists, parts.numpy(), 1 / scale, here, position, out[layer], after)
            here, after = after, here
        shares = _equal_parts(np.diff(lists[0])[wanted])
        gather_kernel(width)(*lists, shares, 1 / scale, here, wanted, out[num_layers])
    return torch.from_numpy(out)


@_layers_at.register_fake
def _(x: torch.Tensor, rows: torch.Tensor, num_layers: int, *_: Any) -> torch.Tensor:
    return x.new_empty(num_layers + 1, rows.shape[0], x.shape[1])


@torch.library.custom_op("tastegraph::layers_at_transposed", mutates_args=())
def _layers_at_transposed(
    gradient: torch.Tensor,
    rows: torch.Tensor,
    start: torch.Tensor,
    index: torch.Tensor,
    rsqrt: torch.Tensor,
    parts: torch.Tensor,
    half: bool,
) -> torch.Tensor:
    """The sum of P^k G_k over the layers, with G_k zero but at `rows`: the gradient of `layers_at`, [nodes, d]."""
    num_layers, num_nodes = len(gradient) - 1, len(start) - 1
    if not _is_compiled(gradient) or not num_layers:
        total = gradient.new_zeros(num_nodes, gradient.shape[2]).index_copy_(0, rows, gradient[num_layers])
        for layer in range(num_layers - 1, -1, -1):
            total = propagate_reference(total, start, index, rsqrt).index_add_(0, rows, gradient[layer])
        return total
    g, wanted, width = _array(gradient), rows.numpy(), gradient.shape[2]
    scale = _scale(g, half=half)
    here, after = _scratch((num_nodes, width), half=half)
    lists = (start.numpy(), index.numpy(), rsqrt.numpy())
    position = _positions(wanted, num_nodes)
    out = np.empty((num_nodes, width), np.float32)
    use_torchs_threads()
    pack_kernel(width)(g[num_layers], lists[2][wanted], scale, here)
    for layer in range(num_layers - 1, -1, -1):
        first, last = layer == num_layers - 1, layer == 0
        backward_kernel(width)(*lists, parts.numpy(), scale, here, first, position, g[layer], last, out, after)
        here, after = after, here
    return torch.from_numpy(out)


@_layers_at_transposed.register_fake
def _(gradient: torch.Tensor, rows: torch.Tensor, start: torch.Tensor, *_: Any) -> torch.Tensor:  # noqa: ARG001
    return gradient.new_empty(start.shape[0] - 1, gradient.shape[2])


def _keep_rows_and_lists(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:  # noqa: ARG001
    ctx.rows, ctx.num_layers, ctx.lists = inputs[1], inputs[2], inputs[3:]


def _layers_at_backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    back = torch.ops.tastegraph.layers_at_transposed(gradient, ctx.rows, *ctx.lists)
    return back, None, None, None, None, None, None, None


def _keep_for_transposed(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:  # noqa: ARG001
    ctx.num_layers, ctx.rows, ctx.lists = len(inputs[0]) - 1, inputs[1], inputs[2:]


def _layers_at_transposed_backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    back = torch.ops.tastegraph.layers_at(gradient, ctx.rows, ctx.num_layers, *ctx.lists)
    return back, None, None, None, None, None, None


_layers_at.register_autograd(_layers_at_backward, setup_context=_keep_rows_and_lists)
_layers_at_transposed.register_autograd(_layers_at_transposed_backward, setup_context=_keep_for_transposed)


def _is_compiled(x: torch.Tensor) -> bool:
    return x.device.type == "cpu" and x.dtype == torch.float32


def _array(x: torch.Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(x.detach().numpy())


def _scale(values: NDArray[np.float32], *, half: bool) -> np.float32:
    """A power of two that brings the largest number near `LARGEST_STORED`, where halves are stored; else 1."""
    if not half or not values.size:
        return np.float32(1)
    low, high = torch.aminmax(torch.from_numpy(values))
    largest = max(-float(low), float(high))
    if not math.isfinite(largest) or largest == 0:
        return np.float32(1)
    exponent = math.frexp(LARGEST_STORED)[1] - math.frexp(largest)[1]
    return np.float32(2.0 ** max(-126, min(126, exponent)))


def _positions(rows: NDArray[np.int64], num_nodes: int) -> NDArray[np.int32]:
    """The place of each node in `rows`, -1 for a node that is not there."""
    position = np.full(num_nodes, -1, np.int32)
    position[rows] = np.arange(len(rows), dtype=np.int32)
    return position


class _Scratch(threading.local):
    """Two arrays for rows in storage, kept from call to call: fresh pages cost as much as a layer."""

    key: tuple[tuple[int, ...], bool] | None = None
    arrays: tuple[NDArray[Any], NDArray[Any]]


_scratches = _Scratch()


def _scratch(shape: tuple[int, ...], *, half: bool) -> tuple[NDArray[Any], NDArray[Any]]:
    if _scratches.key != (shape, half):
        dtype = np.uint16 if half else np.float32
        _scratches.arrays = (np.empty(shape, dtype), np.empty(shape, dtype))
        _scratches.key = (shape, half)
    return _scratches.arrays


def use_torchs_threads() -> None:
    """Let compiled kernels run on as many threads as torch is set to, where numba has so many."""
    numba.set_num_threads(min(torch.get_num_threads(), numba.config.NUMBA_NUM_THREADS))


def _lists(graph: BipartiteGraph, device: torch.device) -> _Lists:
    kept = _kept.setdefault(graph, {})
    if device not in kept:
        lists = graph.lists
        rsqrt = graph.rsqrt_degree.astype(np.float32)
        arrays = (lists.start, lists.index, rsqrt, _equal_parts(lists.counts))
        start, index, scale, parts = (torch.from_numpy(array).to(device) for array in arrays)
        kept[device] = (start, index, scale, parts)
    return kept[device]


def _equal_parts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Row numbers that cut rows with so many entries into PARTS pieces, each with as many entries and rows together."""
    work = np.concatenate([[0], np.cumsum(counts + 1)])
    cuts = np.searchsorted(work, np.linspace(0, work[-1], PARTS + 1)).astype(np.int64)
    cuts[-1] = len(counts)
    return cuts
