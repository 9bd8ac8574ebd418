"""Rows as values: a vector of `width` numbers that stays in a processor's registers, for kernels compiled by numba.

`width` is a power of two, known to the compiler. A row is loaded from float32 or, widened, from halves (float16, as
uint16), and is stored as either. `first` is the first of the `width` columns of an array that are meant.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models, register_default
from numba.extending import intrinsic

__all__ = [
    "CACHE_LINE",
    "WIDEST",
    "Row",
    "dot",
    "headroom",
    "load_row",
    "plus",
    "prefetch_row",
    "store_row",
    "store_row_past_caches",
    "times",
    "zeros",
]

WIDEST = 64  # numbers that are summed in registers at a time
CACHE_LINE = 64  # bytes
INT32, FLOAT = ir.IntType(32), ir.FloatType()
FAST = ("contract", "nsz")  # a product and a sum may be one instruction; the order of sums stays
# A half's exponent is below 16: the largest number of a row is brought to [2^14, 2^15). Biased as in a float32.
FLOAT_BIAS, HALF_TOP, FLOAT_MANTISSA, LARGEST_EXPONENT = 127, 14, 23, 254
WITHOUT_SIGN = (1 << 31) - 1


class Row(types.Type):  # type: ignore[misc]  # numba is untyped
    """`width` float32 numbers in registers."""

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__(name=f"Row({width})")


@register_default(Row)
class _RowModel(models.PrimitiveModel):  # type: ignore[misc]  # numba is untyped
    def __init__(self, manager: Any, row: Row) -> None:
        super().__init__(manager, row, ir.VectorType(FLOAT, row.width))


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def zeros(_typing: Any, width: Any) -> Any:
    """A row of zeros."""

    def build(context: Any, _builder: Any, signature: Any, _arguments: Any) -> Any:
        return context.get_constant_null(signature.return_type)

    return Row(width.literal_value)(width), build


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def load_row(_typing: Any, array: Any, n: Any, first: Any, width: Any) -> Any:
    """Row n of an array, from column `first`, as float32."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = ir.VectorType(FLOAT, width.literal_value)
        place, stored, align = _place(context, builder, signature, arguments, row)
        values = builder.load(place, align=align)
        return values if stored == row else builder.fpext(values, row)

    return Row(width.literal_value)(array, n, first, width), build


@intrinsic  # type: ignore[untyped-decorator]
def store_row(_typing: Any, array: Any, n: Any, first: Any, row: Any) -> Any:
    """Write a row into an array, from column `first`."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values = arguments[3]
        place, stored, align = _place(context, builder, signature, arguments, values.type)
        builder.store(values if stored == values.type else builder.fptrunc(values, stored), place, align=align)
        return context.get_dummy_value()

    return types.void(array, n, first, row), build


@intrinsic  # type: ignore[untyped-decorator]
def store_row_past_caches(_typing: Any, array: Any, n: Any, first: Any, row: Any) -> Any:
    """The same for a row of a float32 array that starts on a cache line: it goes to memory and evicts nothing."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place, _, _ = _place(context, builder, signature, arguments, arguments[3].type)
        store = builder.store(arguments[3], place, align=min(CACHE_LINE, 4 * arguments[3].type.count))
        store.set_metadata("nontemporal", builder.module.add_metadata([ir.Constant(INT32, 1)]))
        return context.get_dummy_value()

    return types.void(array, n, first, row), build


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def prefetch_row(_typing: Any, array: Any, n: Any, first: Any, width: Any) -> Any:
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
def times(_typing: Any, _factor: Any, row: Any) -> Any:
    """The row, each number times the factor."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.fmul(_spread(builder, *arguments), arguments[1], flags=FAST)

    return row(types.float32, row), build


@intrinsic  # type: ignore[untyped-decorator]
def plus(_typing: Any, total: Any, _factor: Any, row: Any) -> Any:
    """The total and the row times the factor, added up."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        product = builder.fmul(_spread(builder, *arguments[1:]), arguments[2], flags=FAST)
        return builder.fadd(arguments[0], product, flags=FAST)

    return total(total, types.float32, row), build


@intrinsic  # type: ignore[untyped-decorator]
def dot(_typing: Any, one: Any, _other: Any) -> Any:
    """The inner product of two rows, added up in an order that depends on the width alone."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        product = builder.fmul(*arguments, flags=FAST)
        if product.type.count == 1:
            return _only(builder, product)
        kind = ir.FunctionType(FLOAT, [FLOAT, product.type])
        name = f"llvm.vector.reduce.fadd.v{product.type.count}f32"
        total = cgutils.get_or_insert_function(builder.module, kind, name)
        return builder.call(total, [ir.Constant(FLOAT, 0.0), product], fastmath=("reassoc", "nsz"))

    return types.float32(one, one), build


def _spread(builder: Any, number: Any, row: Any) -> Any:
    """A vector like `row` with the same number everywhere."""
    unset = ir.Constant(row.type, ir.Undefined)
    alone = builder.insert_element(unset, number, ir.Constant(INT32, 0))
    return builder.shuffle_vector(alone, unset, ir.Constant(ir.VectorType(INT32, row.type.count), None))


@intrinsic  # type: ignore[untyped-decorator]
def headroom(_typing: Any, array: Any, row: Any) -> Any:
    """The power of two that a row is scaled by before `array` keeps it: 1 unless it keeps halves, or for zeros."""

    def build(_context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if signature.args[0].dtype != types.uint16:
            return ir.Constant(FLOAT, 1.0)
        row = arguments[1].type
        bits = ir.VectorType(INT32, row.count)
        # Numbers without their signs are in the order of their bits as integers, of which the largest is found sooner.
        sizes = builder.and_(builder.bitcast(arguments[1], bits), ir.Constant(bits, [WITHOUT_SIGN] * row.count))
        if row.count > 1:
            kind = ir.FunctionType(INT32, [bits])
            name = f"llvm.vector.reduce.umax.v{row.count}i32"
            largest = builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [sizes])
        else:
            largest = _only(builder, sizes)
        exponent = builder.lshr(largest, ir.Constant(INT32, FLOAT_MANTISSA))
        wanted = builder.sub(ir.Constant(INT32, 2 * FLOAT_BIAS + HALF_TOP), exponent)
        limit = ir.Constant(INT32, LARGEST_EXPONENT)
        wanted = builder.select(builder.icmp_unsigned("<", wanted, limit), wanted, limit)
        scale = builder.bitcast(builder.shl(wanted, ir.Constant(INT32, FLOAT_MANTISSA)), FLOAT)
        nothing = builder.icmp_unsigned("==", largest, ir.Constant(INT32, 0))
        return builder.select(nothing, ir.Constant(FLOAT, 1.0), scale)

    return types.float32(array, row), build


def _only(builder: Any, row: Any) -> Any:
    return builder.extract_element(row, ir.Constant(INT32, 0))
