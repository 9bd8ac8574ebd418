"""The CPU kernels of propagation, compiled by numba on first use and kept on disk.

With d = degree^-1/2 a layer is: scale each row by d, sum the rows of each neighbour list, scale by d again. Rows to be
gathered are `stored` as float32, or as halves in uint16; sums are in float32, each row's in the order of its list, so
no result depends on the number of threads. Throughout, start int64 [nodes + 1] and index uint32 [entries] are the
neighbour lists, rsqrt float32 [nodes] is d, and parts int64 [parts + 1] cuts the rows into pieces of about equal work.

Each is made for one width, which the compiler then knows: the inner loops unroll into whole vector registers (1.6 times
faster than a width read at run time).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir
from numba import njit, prange, types
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["backward_kernel", "forward_kernel", "gather_kernel", "pack_kernel"]

FASTMATH = {"contract", "nsz"}  # a product and a sum may be one instruction; the order of sums stays


@intrinsic  # type: ignore[untyped-decorator]
def _unpack(_typing: Any, value: Any) -> Any:
    """A stored number as float32: uint16 holds the bits of a half."""
    if value == types.uint16:

        def widen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return builder.fpext(builder.bitcast(arguments[0], ir.HalfType()), ir.FloatType())

        return types.float32(value), widen
    return types.float32(types.float32), _as_it_is


@intrinsic  # type: ignore[untyped-decorator]
def _pack(_typing: Any, _value: Any, stored: Any) -> Any:
    """A float32 as the array `stored` keeps it."""
    if stored.dtype == types.uint16:

        def narrow(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return builder.bitcast(builder.fptrunc(arguments[0], ir.HalfType()), ir.IntType(16))

        return types.uint16(types.float32, stored), narrow
    return types.float32(types.float32, stored), _as_it_is


def _as_it_is(_context: Any, _builder: Any, _signature: Any, arguments: Any) -> Any:
    return arguments[0]


@cache
def pack_kernel(width: int) -> Callable[..., None]:
    """stored[n] = scale x[n] d_n: rows made ready to be gathered; x float32 [nodes, width], scale a float32."""

    @njit(parallel=True, fastmath=FASTMATH, cache=True)
    def pack(x, rsqrt, scale, stored):  # type: ignore[no-untyped-def]
        for n in prange(len(x)):
            factor = scale * rsqrt[n]
            for c in range(width):
                stored[n, c] = _pack(np.float32(factor * x[n, c]), stored)

    kernel: Callable[..., None] = pack
    return kernel


@cache
def gather_kernel(width: int) -> Callable[..., None]:
    """out[r] = unscale d_n times the sum of stored over N_n, for n = rows[r]: a layer at some rows.

    `parts` cuts `rows` into pieces of about equal work.
    """

    @njit(parallel=True, fastmath=FASTMATH, cache=True)
    def gather(start, index, rsqrt, parts, unscale, stored, rows, out):  # type: ignore[no-untyped-def]
        for part in prange(len(parts) - 1):
            total = np.zeros(width, np.float32)
            for r in range(parts[part], parts[part + 1]):
                n = rows[r]
                for c in range(width):
                    total[c] = 0
                for entry in range(start[n], start[n + 1]):
                    m = index[entry]
                    for c in range(width):
                        total[c] += _unpack(stored[m, c])
                factor = unscale * rsqrt[n]
                for c in range(width):
                    out[r, c] = factor * total[c]

    kernel: Callable[..., None] = gather
    return kernel


@cache
def forward_kernel(width: int) -> Callable[..., None]:
    """A whole layer, written at the marked rows and, ready for the next layer, everywhere.

    `position` int32 [nodes] is a row's place in `out`, -1 where it is not asked for. What is stored stays scaled: with
    y = D^-1/2 x, a layer takes y to the mean of y over each list, so no layer's largest number exceeds the first's.
    """

    @njit(parallel=True, fastmath=FASTMATH, cache=True)
    def forward(start, index, rsqrt, parts, unscale, stored, position, out, after):  # type: ignore[no-untyped-def]
        for part in prange(len(parts) - 1):
            total = np.zeros(width, np.float32)
            for n in range(parts[part], parts[part + 1]):
                for c in range(width):
                    total[c] = 0
                for entry in range(start[n], start[n + 1]):
                    m = index[entry]
                    for c in range(width):
                        total[c] += _unpack(stored[m, c])
                scale = rsqrt[n]
                for c in range(width):
                    after[n, c] = _pack(np.float32(scale * scale * total[c]), after)
                r = position[n]
                if r >= 0:
                    for c in range(width):
                        out[r, c] = unscale * scale * total[c]

    kernel: Callable[..., None] = forward
    return kernel


@cache
def backward_kernel(width: int) -> Callable[..., None]:
    """One step of Horner's rule: z becomes P z + g, with g float32 [rows, width] given at the marked rows only.

    `sparse` says that `stored` holds z at the marked rows only, by position; neighbours that are not marked are zero
    and are skipped. The last step writes `out` (unscaled), the others `after` (ready to be gathered, scaled).
    """

    @njit(parallel=True, fastmath=FASTMATH, cache=True)
    def backward(  # type: ignore[no-untyped-def]
        start, index, rsqrt, parts, scale, stored, sparse, position, g, last, out, after
    ):
        for part in prange(len(parts) - 1):
            total = np.zeros(width, np.float32)
            for n in range(parts[part], parts[part + 1]):
                for c in range(width):
                    total[c] = 0
                if sparse:
                    for entry in range(start[n], start[n + 1]):
                        place = position[index[entry]]
                        if place >= 0:
                            for c in range(width):
                                total[c] += _unpack(stored[place, c])
                else:
                    for entry in range(start[n], start[n + 1]):
                        m = index[entry]
                        for c in range(width):
                            total[c] += _unpack(stored[m, c])
                d = rsqrt[n]
                for c in range(width):
                    total[c] *= d
                r = position[n]
                if r >= 0:
                    for c in range(width):
                        total[c] += scale * g[r, c]
                if last:
                    for c in range(width):
                        out[n, c] = total[c] / scale
                else:
                    for c in range(width):
                        after[n, c] = _pack(np.float32(d * total[c]), after)

    kernel: Callable[..., None] = backward
    return kernel
