"""The CPU kernels of propagation, compiled by numba on first use and kept on disk.

A row of a node is one value to them: a vector of `width` numbers (a power of two, known to the compiler) that stays in
registers while a neighbour list is summed, whatever its length. Sums are in float32, in the order of the list, so no
result depends on the number of threads.

Rows are `kept` for gathering as float32, or as halves (float16, as uint16) each scaled by its own power of two, so that
no row is too large or too small; `weight` float32 [nodes] holds d_m over that scale, so row m counts for
weight_m kept_m. Throughout, start int64 [nodes + 1] and index uint32 [entries] are the neighbour lists, d float32
[nodes] is degree^-1/2, `parts` int64 [parts + 1] cuts the rows into pieces of about equal work, and `first` is the
first of the `width` columns of an array that are meant.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba import njit, prange, types
from numba.core import cgutils
from numba.core.datamodel import models, register_default
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["WIDEST", "forward_kernel", "gather_kernel", "horner_kernel", "pack_kernel"]

WIDEST = 64  # numbers that are summed in registers at a time
CACHE_LINE = 64  # bytes
AHEAD = 40  # entries: how far ahead rows are asked for, across the ends of lists, where a processor's own guess stops
INT32, FLOAT = ir.IntType(32), ir.FloatType()
FAST = ("contract", "nsz")  # a product and a sum may be one instruction; the order of sums stays
# A half's exponent is below 16: the largest number of a row is brought to [2^14, 2^15). Biased as in a float32.
FLOAT_BIAS, HALF_TOP, FLOAT_MANTISSA, LARGEST_EXPONENT = 127, 14, 23, 254


class Row(types.Type):  # type: ignore[misc]
    """`width` float32 numbers in registers."""

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__(name=f"Row({width})")


@register_default(Row)
class _RowModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, row: Row) -> None:
        super().__init__(manager, row, ir.VectorType(FLOAT, row.width))


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def _zeros(_typing: Any, width: Any) -> Any:
    """A row of zeros."""

    def build(context: Any, _builder: Any, signature: Any, _arguments: Any) -> Any:
        return context.get_constant_null(signature.return_type)

    return Row(width.literal_value)(width), build


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def _load(_typing: Any, array: Any, n: Any, first: Any, width: Any) -> Any:
    """Row n of an array, from column `first`, as float32."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = ir.VectorType(FLOAT, width.literal_value)
        place, stored, align = _place(context, builder, signature, arguments, row)
        values = builder.load(place, align=align)
        return values if stored == row else builder.fpext(values, row)

    return Row(width.literal_value)(array, n, first, width), build


@intrinsic  # type: ignore[untyped-decorator]
def _store(_typing: Any, array: Any, n: Any, first: Any, row: Any) -> Any:
    """Write a row into an array, from column `first`."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values = arguments[3]
        place, stored, align = _place(context, builder, signature, arguments, values.type)
        builder.store(values if stored == values.type else builder.fptrunc(values, stored), place, align=align)
        return context.get_dummy_value()

    return types.void(array, n, first, row), build


@intrinsic  # type: ignore[untyped-decorator]
def _store_past_caches(_typing: Any, array: Any, n: Any, first: Any, row: Any) -> Any:
    """The same for a row of a float32 array that starts on a cache line: it goes to memory and evicts nothing."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place, _, _ = _place(context, builder, signature, arguments, arguments[3].type)
        store = builder.store(arguments[3], place, align=min(CACHE_LINE, 4 * arguments[3].type.count))
        store.set_metadata("nontemporal", builder.module.add_metadata([ir.Constant(INT32, 1)]))
        return context.get_dummy_value()

    return types.void(array, n, first, row), build


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def _prefetch(_typing: Any, array: Any, n: Any, first: Any, width: Any) -> Any:
    """Ask for row n of an array, from column `first`, to be in the cache soon."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = ir.VectorType(FLOAT, width.literal_value)
        place, _, itemsize = _place(context, builder, signature, arguments, row)
        byte = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, INT32, INT32, INT32])
        fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        to_read, to_all_levels, data = (ir.Constant(INT32, code) for code in (0, 3, 1))
        for offset in range(0, row.count * itemsize, CACHE_LINE):
            line = builder.gep(builder.bitcast(place, byte), [ir.Constant(INT32, offset)])
            builder.call(fetch, [line, to_read, to_all_levels, data])
        return context.get_dummy_value()

    return types.void(array, n, first, width), build


def _place(context: Any, builder: Any, signature: Any, arguments: Any, row: Any) -> Any:
    """Pointer to a row within an array, the type of what is stored there, and its alignment in bytes."""
    kind, *indices = signature.args[:3]
    at = [context.cast(builder, value, index, types.intp) for value, index in zip(arguments[1:3], indices, strict=True)]
    array = context.make_array(kind)(context, builder, arguments[0])
    pointer = cgutils.get_item_pointer(context, builder, kind, array, at)
    half = kind.dtype == types.uint16
    stored = ir.VectorType(ir.HalfType(), row.count) if half else row
    return builder.bitcast(pointer, stored.as_pointer()), stored, 2 if half else 4


@intrinsic  # type: ignore[untyped-decorator]
def _times(_typing: Any, _factor: Any, row: Any) -> Any:
    """The row, each number times the factor."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.fmul(_spread(builder, *arguments), arguments[1], flags=FAST)

    return row(types.float32, row), build


@intrinsic  # type: ignore[untyped-decorator]
def _plus(_typing: Any, total: Any, _factor: Any, row: Any) -> Any:
    """The total and the row times the factor, added up."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        product = builder.fmul(_spread(builder, *arguments[1:]), arguments[2], flags=FAST)
        return builder.fadd(arguments[0], product, flags=FAST)

    return total(total, types.float32, row), build


def _spread(builder: Any, number: Any, row: Any) -> Any:
    """A vector like `row` with the same number everywhere."""
    unset = ir.Constant(row.type, ir.Undefined)
    alone = builder.insert_element(unset, number, ir.Constant(INT32, 0))
    return builder.shuffle_vector(alone, unset, ir.Constant(ir.VectorType(INT32, row.type.count), None))


@intrinsic  # type: ignore[untyped-decorator]
def _headroom(_typing: Any, array: Any, row: Any) -> Any:
    """The power of two that a row is scaled by before `array` keeps it: 1 unless it keeps halves, or for zeros."""

    def build(_context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if signature.args[0].dtype != types.uint16:
            return ir.Constant(FLOAT, 1.0)
        row, number = arguments[1].type, INT32

        def call(name: str, result: Any, value: Any) -> Any:
            kind = ir.FunctionType(result, [row])
            called = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{row.count}f32")
            return builder.call(called, [value])

        magnitude = call("fabs", row, arguments[1])
        largest = call("vector.reduce.fmax", FLOAT, magnitude) if row.count > 1 else _only(builder, magnitude)
        exponent = builder.lshr(builder.bitcast(largest, number), ir.Constant(number, FLOAT_MANTISSA))
        wanted = builder.sub(ir.Constant(number, 2 * FLOAT_BIAS + HALF_TOP), exponent)
        limit = ir.Constant(number, LARGEST_EXPONENT)
        wanted = builder.select(builder.icmp_signed("<", wanted, limit), wanted, limit)
        scale = builder.bitcast(builder.shl(wanted, ir.Constant(number, FLOAT_MANTISSA)), FLOAT)
        nothing = builder.fcmp_ordered("==", largest, ir.Constant(FLOAT, 0.0))
        return builder.select(nothing, ir.Constant(FLOAT, 1.0), scale)

    return types.float32(array, row), build


def _only(builder: Any, row: Any) -> Any:
    return builder.extract_element(row, ir.Constant(INT32, 0))


@njit(inline="always")
def _sum(start, index, n, weight, kept, first, width):  # type: ignore[no-untyped-def]
    """The sum of weight_m kept_m over N_n."""
    total, end = _zeros(width), len(index) - 1
    for entry in range(start[n], start[n + 1]):
        m = index[entry]
        _prefetch(kept, index[min(entry + AHEAD, end)], first, width)
        total = _plus(total, weight[m], _load(kept, m, first, width))
    return total


@njit(inline="always")
def _sum_marked(start, index, n, position, weight, kept, first, width):  # type: ignore[no-untyped-def]
    """The same where only marked rows are kept, by position; the others are zero."""
    total = _zeros(width)
    for entry in range(start[n], start[n + 1]):
        place = position[index[entry]]
        if place >= 0:
            total = _plus(total, weight[place], _load(kept, place, first, width))
    return total


@cache
def pack_kernel(width: int) -> Callable[..., None]:
    """Keep `width` columns of x float32 [nodes, ...], with d float32 [nodes]: fills kept [nodes, width] and weight."""

    @njit(parallel=True, cache=True)
    def pack(x, first, d, kept, weight):  # type: ignore[no-untyped-def]
        for n in prange(len(x)):
            row = _load(x, n, first, width)
            scale = _headroom(kept, row)
            _store(kept, n, 0, _times(scale, row))
            weight[n] = d[n] / scale

    kernel: Callable[..., None] = pack
    return kernel


@cache
def gather_kernel(width: int) -> Callable[..., None]:
    """A layer at some rows: out[r] = d_n times the sum of weight_m kept_m over N_n, for n = rows[r].

    `parts` cuts `rows` into pieces of about equal work; kept is read from column `kept_first` on. `past` sends the rows
    of `out`, each on a cache line, past the caches.
    """

    @njit(parallel=True, cache=True)
    def gather(start, index, d, parts, kept, kept_first, weight, rows, out, first, past):  # type: ignore[no-untyped-def]
        for part in prange(len(parts) - 1):
            for r in range(parts[part], parts[part + 1]):
                n = rows[r]
                total = _sum(start, index, n, weight, kept, kept_first, width)
                if past:
                    _store_past_caches(out, r, first, _times(d[n], total))
                else:
                    _store(out, r, first, _times(d[n], total))

    kernel: Callable[..., None] = gather
    return kernel


@cache
def forward_kernel(width: int) -> Callable[..., None]:
    """A whole layer, written at the marked rows and kept, for the next layer, everywhere.

    `position` int32 [nodes] is a row's place in `out`, -1 where it is not asked for.
    """

    @njit(parallel=True, cache=True)
    def forward(  # type: ignore[no-untyped-def]
        start, index, d, parts, kept, kept_first, weight, position, out, first, after, after_weight
    ):
        for part in prange(len(parts) - 1):
            for n in range(parts[part], parts[part + 1]):
                total = _times(d[n], _sum(start, index, n, weight, kept, kept_first, width))
                scale = _headroom(after, total)
                _store(after, n, 0, _times(scale, total))
                after_weight[n] = d[n] / scale
                if position[n] >= 0:
                    _store(out, position[n], first, total)

    kernel: Callable[..., None] = forward
    return kernel


@cache
def horner_kernel(width: int) -> Callable[..., None]:
    """One step of Horner's rule, z becomes P z + factor g, with g float32 [rows, ...] given at the marked rows only.

    `sparse` says that `kept` holds z at the marked rows only, by position; neighbours that are not marked are zero and
    are skipped. The last step writes `out` (`past` the caches), the others keep `after`.
    """

    @njit(parallel=True, cache=True)
    def horner(  # type: ignore[no-untyped-def]
        start, index, d, parts, kept, kept_first, weight, sparse, position, factor, g, first, last, out, past,
        after, after_weight,
    ):  # fmt: skip
        for part in prange(len(parts) - 1):
            for n in range(parts[part], parts[part + 1]):
                if sparse:
                    total = _sum_marked(start, index, n, position, weight, kept, kept_first, width)
                else:
                    total = _sum(start, index, n, weight, kept, kept_first, width)
                total = _times(d[n], total)
                if position[n] >= 0:
                    total = _plus(total, factor, _load(g, position[n], first, width))
                if last and past:
                    _store_past_caches(out, n, first, total)
                elif last:
                    _store(out, n, first, total)
                else:
                    scale = _headroom(after, total)
                    _store(after, n, 0, _times(scale, total))
                    after_weight[n] = d[n] / scale

    kernel: Callable[..., None] = horner
    return kernel
