"""Scores of pairs of nodes, e_m . e_n: a compiled operator that torch knows on a CPU, plain PyTorch elsewhere.

A batch of positives and negatives is pairs of few distinct nodes. PyTorch's way gathers both rows of every pair into
tables of their own, multiplies them, and scatters the products back; here no such table exists.
"""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numba import njit, prange

from tastegraph.graph import devices
from tastegraph.graph.compiled import column_blocks, dealt, equal_parts, use_torchs_threads
from tastegraph.graph.kernels import AHEAD
from tastegraph.graph.room import aligned
from tastegraph.graph.row_values import dot, load_row, plus, prefetch_row, store_row, zeros

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["distinct", "pair_scores", "pair_scores_reference", "warm_up"]


def pair_scores(e: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """The inner product e_m . e_n of each pair (m, n) of rows.

    Args:
        e: embeddings, float [nodes, d].
        left: m of each pair, int64 [n].
        right: n of each pair, int64 [n].

    Returns:
        float [n], with a gradient for `e` that is the same for any number of threads.
    """
    if not devices.is_compiled(e):
        return pair_scores_reference(e, left, right)
    return torch.ops.tastegraph.pair_scores(e, left, right)  # type: ignore[no-any-return]


def distinct(*nodes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The distinct ones among some nodes, the place of each node among them, and how often each occurs.

    On a device without compiled kernels all nodes as they are, each in its own place and once: how many are distinct
    would have to be waited for.

    Args:
        nodes: node indices, int64 [n] each; they are taken one after the other.
    """
    together = torch.cat(nodes)
    if not devices.runs_compiled(together.device):
        return together, torch.arange(len(together), device=together.device), torch.ones_like(together)
    return torch.unique(together, return_inverse=True, return_counts=True)  # type: ignore[no-any-return]


def pair_scores_reference(e: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """As `pair_scores`, in plain PyTorch."""
    return (e.index_select(0, left) * e.index_select(0, right)).sum(1)


def warm_up(width: int) -> float:
    """Compile the kernels for rows of `width` numbers, or load them from disk; returns the seconds that took."""
    began = time.perf_counter()
    node = torch.tensor([0])
    torch.autograd.backward(pair_scores(torch.ones(1, width, requires_grad=True), node, node))
    return time.perf_counter() - began


@torch.library.custom_op("tastegraph::pair_scores", mutates_args=())
def _pair_scores(e: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    rows, scores = np.ascontiguousarray(e.numpy()), np.zeros(len(left), np.float32)
    use_torchs_threads()
    for first, width in column_blocks(rows):
        _score_kernel(width)(rows, first, left.numpy(), right.numpy(), scores)
    return torch.from_numpy(scores)


@_pair_scores.register_fake
def _(e: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:  # noqa: ARG001
    return e.new_empty(left.shape)


@torch.library.custom_op("tastegraph::pair_scores_transposed", mutates_args=())
def _pair_scores_transposed(
    gradient: torch.Tensor, e: torch.Tensor, left: torch.Tensor, right: torch.Tensor
) -> torch.Tensor:
    """The gradient of `pair_scores` for e, float [nodes, d]: row m adds up gradient_p e_n over its pairs p = (m, n)."""
    rows, slopes = np.ascontiguousarray(e.numpy()), np.ascontiguousarray(gradient.numpy())
    start, other, pair = _pairs_of_each(left.numpy(), right.numpy(), len(rows))
    use_torchs_threads()
    parts, out = dealt(equal_parts(np.diff(start))), aligned(rows.shape)
    for first, width in column_blocks(rows):
        _slope_kernel(width)(start, other, pair, parts, slopes, rows, first, out)
    return torch.from_numpy(out)


@_pair_scores_transposed.register_fake
def _(gradient: torch.Tensor, e: torch.Tensor, *_: Any) -> torch.Tensor:  # noqa: ARG001
    return torch.empty_like(e, memory_format=torch.contiguous_format)


def _keep_inputs(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:  # noqa: ARG001
    ctx.save_for_backward(*inputs)


def _pair_scores_backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    return torch.ops.tastegraph.pair_scores_transposed(gradient, *ctx.saved_tensors), None, None


_pair_scores.register_autograd(_pair_scores_backward, setup_context=_keep_inputs)


@njit(cache=True)
def _pairs_of_each(left, right, num_rows):  # type: ignore[no-untyped-def]
    """For each row the other row of its pairs, and which pairs they are: start [rows + 1], other and pair [2 pairs]."""
    start = np.zeros(num_rows + 1, np.int64)
    for p in range(len(left)):
        start[left[p] + 1] += 1
        start[right[p] + 1] += 1
    for n in range(num_rows):
        start[n + 1] += start[n]
    free, other, pair = start.copy(), np.empty(2 * len(left), np.int32), np.empty(2 * len(left), np.int32)
    for p in range(len(left)):
        for m, n in ((left[p], right[p]), (right[p], left[p])):
            other[free[m]], pair[free[m]] = n, p
            free[m] += 1
    return start, other, pair


@cache
def _score_kernel(width: int) -> Callable[..., None]:
    """Adds to scores float32 [pairs] the inner products within `width` columns of e."""

    @njit(parallel=True, cache=True)
    def score(e, first, left, right, scores):  # type: ignore[no-untyped-def]
        for p in prange(len(left)):
            ahead = min(p + AHEAD, len(left) - 1)
            prefetch_row(e, left[ahead], first, width)
            prefetch_row(e, right[ahead], first, width)
            scores[p] += dot(load_row(e, left[p], first, width), load_row(e, right[p], first, width))

    kernel: Callable[..., None] = score
    return kernel


@cache
def _slope_kernel(width: int) -> Callable[..., None]:
    """Writes `width` columns of out float32 [rows, d]: each row's sum of slope_p e_n over its pairs."""

    @njit(parallel=True, cache=True)
    def slope(start, other, pair, parts, slopes, e, first, out):  # type: ignore[no-untyped-def]
        for part in prange(len(parts)):
            for m in range(parts[part, 0], parts[part, 1]):
                total = zeros(width)
                for entry in range(start[m], start[m + 1]):
                    prefetch_row(e, other[min(entry + AHEAD, len(other) - 1)], first, width)
                    total = plus(total, slopes[pair[entry]], load_row(e, other[entry], first, width))
                store_row(out, m, first, total)

    kernel: Callable[..., None] = slope
    return kernel
