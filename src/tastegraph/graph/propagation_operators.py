"""Propagation by compiled kernels, as operators that torch knows, for float32 on a CPU.

P is symmetric: gradients come from the same lists, and nothing is saved for them. `sparse` has the same in plain
PyTorch, for every other device and dtype; the tests hold the kernels against it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tastegraph.graph import compiled
from tastegraph.graph.ordered_sum import ordered_sum
from tastegraph.graph.room import aligned

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__: list[str] = []


@torch.library.custom_op("tastegraph::propagate", mutates_args=())
def _propagate(
    x: torch.Tensor, start: torch.Tensor, index: torch.Tensor, rsqrt: torch.Tensor, parts: torch.Tensor, half: bool
) -> torch.Tensor:
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
    if len(alpha) == 1:
        return alpha[0] * x
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
    slope = None if layer is None else _slopes(layer, gradient, None, alpha, ctx.lists)
    back = torch.ops.tastegraph.sum_of_layers(gradient, alpha, *ctx.lists)
    return back, slope, None, None, None, None, None


_sum_of_layers.register_autograd(_sum_of_layers_backward, setup_context=_keep_for_sum)


@torch.library.custom_op("tastegraph::sum_of_layers_at", mutates_args=())
def _sum_of_layers_at(
    x: torch.Tensor,
    alpha: torch.Tensor,
    rows: torch.Tensor,
    start: torch.Tensor,
    index: torch.Tensor,
    rsqrt: torch.Tensor,
    parts: torch.Tensor,
    half: bool,
) -> tuple[torch.Tensor, torch.Tensor]:
    if len(alpha) == 1:
        return (alpha[0] * x)[rows], x[rows]
    lists = _arrays(start, index, rsqrt, parts)
    e, x_there = compiled.sum_of_layers_at(_array(x), _array(alpha.float()), rows.numpy(), lists, half=half)
    return torch.from_numpy(e), torch.from_numpy(x_there)


@_sum_of_layers_at.register_fake
def _(x: torch.Tensor, alpha: torch.Tensor, rows: torch.Tensor, *_: Any) -> tuple[torch.Tensor, torch.Tensor]:  # noqa: ARG001
    return x.new_empty(rows.shape[0], x.shape[1]), x.new_empty(rows.shape[0], x.shape[1])


@torch.library.custom_op("tastegraph::sum_of_layers_at_transposed", mutates_args=())
def _sum_of_layers_at_transposed(
    gradient: torch.Tensor,
    gradient_x: torch.Tensor,
    alpha: torch.Tensor,
    rows: torch.Tensor,
    start: torch.Tensor,
    index: torch.Tensor,
    rsqrt: torch.Tensor,
    parts: torch.Tensor,
    half: bool,
) -> torch.Tensor:
    """The gradient of `sum_of_layers_at` for x, float [nodes, d]; both given gradients are zero but at `rows`."""
    last = torch.from_numpy(aligned(gradient.shape))
    torch.mul(gradient, alpha[0], out=last).add_(gradient_x)
    if len(alpha) == 1:
        return gradient.new_zeros(len(start) - 1, gradient.shape[1]).index_add_(0, rows, last)
    lists, weights = _arrays(start, index, rsqrt, parts), _array(alpha.float())
    given = (_array(gradient), _array(last), weights, rows.numpy())
    return torch.from_numpy(compiled.sum_of_layers_at_transposed(*given, lists, half=half))


@_sum_of_layers_at_transposed.register_fake
def _(
    gradient: torch.Tensor,
    gradient_x: torch.Tensor,  # noqa: ARG001
    alpha: torch.Tensor,  # noqa: ARG001
    rows: torch.Tensor,  # noqa: ARG001
    start: torch.Tensor,
    *_: Any,
) -> torch.Tensor:
    return gradient.new_empty(start.shape[0] - 1, gradient.shape[1])


def _keep_for_sum_at(ctx: Any, inputs: tuple[Any, ...], output: tuple[torch.Tensor, ...]) -> None:  # noqa: ARG001
    x, alpha, rows, *ctx.lists = inputs
    ctx.save_for_backward(x if ctx.needs_input_grad[1] else None, alpha, rows)


def _sum_of_layers_at_backward(
    ctx: Any, gradient: torch.Tensor, gradient_x: torch.Tensor
) -> tuple[torch.Tensor | None, ...]:
    x, alpha, rows = ctx.saved_tensors
    slope = None if x is None else _slopes(x, gradient, rows, alpha, ctx.lists)
    back = torch.ops.tastegraph.sum_of_layers_at_transposed(gradient, gradient_x, alpha, rows, *ctx.lists)
    return back, slope, None, None, None, None, None, None


_sum_of_layers_at.register_autograd(_sum_of_layers_at_backward, setup_context=_keep_for_sum_at)


def _slopes(
    layer: torch.Tensor, gradient: torch.Tensor, rows: torch.Tensor | None, alpha: torch.Tensor, lists: list[Any]
) -> torch.Tensor:
    """The gradient of a sum of layers (at `rows`) for alpha: each layer's inner product with the sum's gradient."""
    slopes = []
    for k in range(len(alpha)):
        if k:
            layer = torch.ops.tastegraph.propagate(layer, *lists)
        slopes.append(ordered_sum(gradient * (layer if rows is None else layer[rows])))
    return torch.stack(slopes).to(alpha.dtype)


def _array(x: torch.Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(x.detach().numpy())


def _arrays(*lists: torch.Tensor) -> compiled.Lists:
    return compiled.Lists(*(part.numpy() for part in lists))
