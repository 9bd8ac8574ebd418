"""Propagation with P = D^-1/2 A D^-1/2 of a bipartite graph, as operators that torch knows.

`torch.ops.tastegraph.propagate` is one layer, P x; `torch.ops.tastegraph.sum_of_layers` is the sum of alpha_k P^k x
over all nodes: a LightGCN's embeddings; `torch.ops.tastegraph.layers_at` is x, P x, ... P^K x at some rows: what a
training step needs. On a CPU in float32 compiled kernels run; elsewhere, and in other dtypes, the plain PyTorch
references, which the tests hold the kernels against. P is symmetric: gradients come from the same lists, and nothing is
saved for them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
import torch

from tastegraph.graph import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.graph.bipartite import BipartiteGraph

__all__ = [
    "Precision",
    "layer_into",
    "layers_at",
    "layers_at_reference",
    "path_of",
    "propagate",
    "propagate_reference",
    "sum_of_layers",
    "sum_of_layers_reference",
    "warm_up",
]

Precision = Literal["float32", "float16"]

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


def layer_into(graph: BipartiteGraph, x: torch.Tensor, rows: torch.Tensor, out: torch.Tensor) -> None:
    """One layer at some rows, P x, in memory that is there: for many layers over and over, without gradients.

    Args:
        graph: as for `propagate`.
        x: node values, float32 [nodes, d] on the CPU, contiguous.
        rows: node indices, int64 [n].
        out: float32 [n, d] on the CPU, contiguous; rows of `x` only where none of `rows` has a neighbour among them.
    """
    compiled.layer_into(_array(x), rows.numpy(), _arrays(*_lists(graph, x.device)), out.numpy())


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
    return torch.ops.tastegraph.sum_of_layers(x, alpha, *_lists(graph, x.device), precision == "float16")  # type: ignore[no-any-return]


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


def sum_of_layers_reference(x: torch.Tensor, alpha: torch.Tensor, *lists: torch.Tensor) -> torch.Tensor:
    """alpha_0 x + alpha_1 P x + ... in plain PyTorch."""
    total = alpha[0] * x
    for weight in alpha[1:]:
        x = propagate_reference(x, *lists[:3])
        total = total + weight * x
    return total


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
    sum_of_layers(graph, x.detach(), torch.ones(2), "float32")
    return time.perf_counter() - began


@torch.library.custom_op("tastegraph::propagate", mutates_args=())
def _propagate(
    x: torch.Tensor, start: torch.Tensor, index: torch.Tensor, rsqrt: torch.Tensor, parts: torch.Tensor, half: bool
) -> torch.Tensor:
    if not _is_compiled(x):
        return propagate_reference(x, start, index, rsqrt)
    return torch.from_numpy(compiled.layer(_array(x), _arrays(start, index, rsqrt, parts), half=half))


@_propagate.register_fake
def _(x: torch.Tensor, *_: Any) -> torch.Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


def _keep_lists(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:  # noqa: ARG001
    ctx.lists = inputs[1:]


def _propagate_backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    return torch.ops.tastegraph.propagate(gradient, *ctx.lists), None, None, None, None, None


_propagate.register_autograd(_propagate_backward, setup_context=_keep_lists)


@torch.library.custom_op("tastegraph::sum_of_layers", mutates_args=())
def _sum_of_layers(
    x: torch.Tensor,
    alpha: torch.Tensor,
    start: torch.Tensor,
    index: torch.Tensor,
    rsqrt: torch.Tensor,
    parts: torch.Tensor,
    half: bool,
) -> torch.Tensor:
    if not _is_compiled(x) or len(alpha) == 1:
        return sum_of_layers_reference(x, alpha, start, index, rsqrt)
    lists = _arrays(start, index, rsqrt, parts)
    return torch.from_numpy(compiled.sum_of_layers(_array(x), _array(alpha.float()), lists, half=half))


@_sum_of_layers.register_fake
def _(x: torch.Tensor, *_: Any) -> torch.Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


def _keep_for_sum(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:  # noqa: ARG001
    x, alpha, *ctx.lists = inputs
    ctx.save_for_backward(x if ctx.needs_input_grad[1] else None, alpha)


def _sum_of_layers_backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    layer, alpha = ctx.saved_tensors
    slope = None
    if layer is not None:
        slopes = [(gradient * layer).sum()]
        for _ in range(len(alpha) - 1):
            layer = torch.ops.tastegraph.propagate(layer, *ctx.lists)
            slopes.append((gradient * layer).sum())
        slope = torch.stack(slopes).to(alpha.dtype)
    back = torch.ops.tastegraph.sum_of_layers(gradient, alpha, *ctx.lists)
    return back, slope, None, None, None, None, None


_sum_of_layers.register_autograd(_sum_of_layers_backward, setup_context=_keep_for_sum)


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
    lists = _arrays(start, index, rsqrt, parts)
    return torch.from_numpy(compiled.layers_at(_array(x), rows.numpy(), num_layers, lists, half=half))


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
    if _is_compiled(gradient) and num_layers:
        lists = _arrays(start, index, rsqrt, parts)
        return torch.from_numpy(compiled.layers_at_transposed(_array(gradient), rows.numpy(), lists, half=half))
    total = gradient.new_zeros(num_nodes, gradient.shape[2]).index_copy_(0, rows, gradient[num_layers])
    for layer in range(num_layers - 1, -1, -1):
        total = propagate_reference(total, start, index, rsqrt).index_add_(0, rows, gradient[layer])
    return total


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


def _arrays(*lists: torch.Tensor) -> compiled.Lists:
    return compiled.Lists(*(part.numpy() for part in lists))


def _lists(graph: BipartiteGraph, device: torch.device) -> _Lists:
    kept = _kept.setdefault(graph, {})
    if device not in kept:
        lists = graph.lists
        rsqrt = graph.rsqrt_degree.astype(np.float32)
        arrays = (lists.start, lists.index, rsqrt, compiled.equal_parts(lists.counts))
        start, index, scale, parts = (torch.from_numpy(array).to(device) for array in arrays)
        kept[device] = (start, index, scale, parts)
    return kept[device]
