"""The CPU kernels, compiled by numba on first use and kept on disk.

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

__all__ = ["propagation_kernel"]


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
def propagation_kernel(width: int) -> Callable[..., None]:
    """The kernel of one layer, P x, for rows of `width` numbers.

    It takes x float32 [nodes, width], start int64 [nodes + 1], index uint32 [entries], rsqrt float32 [nodes],
    parts int64 [parts + 1] (rows from parts[p] to parts[p + 1] are one piece of work), stored (scratch [nodes, width],
    float32, or uint16 to hold halves) and out float32 [nodes, width]. Every row is summed in float32, in the order of
    its list, so the result does not depend on the number of threads.
    """

    @njit(parallel=True, fastmath={"contract", "nsz"}, cache=True)
    def propagate(x, start, index, rsqrt, parts, stored, out):  # type: ignore[no-untyped-def]
        for part in prange(len(parts) - 1):
            for n in range(parts[part], parts[part + 1]):
                scale = rsqrt[n]
                for c in range(width):
                    stored[n, c] = _pack(np.float32(scale * x[n, c]), stored)
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
                    out[n, c] = scale * total[c]

    kernel: Callable[..., None] = propagate
    return kernel
