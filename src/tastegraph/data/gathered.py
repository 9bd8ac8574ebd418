"""Rows gathered block by block: plain arrays that are never copied whole, ids that become indices on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tastegraph.data.coded import CodedRows
from tastegraph.data.roles import REQUIRED
from tastegraph.data.times import mixes_units
from tastegraph.data.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from numpy.typing import DTypeLike, NDArray

__all__ = ["Block", "GrowingArray", "IntegerIds", "MixedUnitsError", "TextIds", "gather", "ids_of"]

# A block of rows: the cells of each role (ids as `ids_of` gives them, the rest as arrays), and the units of its times.
Block = tuple[dict[str, Any], frozenset[str]]
KINDS: Mapping[str, type[np.generic]] = {"value": np.float32, "time": np.float64, "part": np.uint8}

INT32 = np.iinfo(np.int32)


class MixedUnitsError(Exception):
    """Unix times are in seconds here and in milliseconds, say, there."""


class _NotIntegersError(Exception):
    """The ids of a role are not all written as integers are."""

    def __init__(self, role: str) -> None:
        self.role = role


def gather(
    read: Callable[[Collection[str]], Iterable[Block]], roles: Collection[str], expected: int
) -> tuple[CodedRows, frozenset[str]] | None:
    """All rows of a source; None where there is none.

    Args:
        read: the source's blocks from its start, the ids of the given roles as text; called again where ids that
            looked like integers turn out to be text: 007 in an earlier block must not have become 7.
        roles: what the source has of user, item, value, time and part.
        expected: about how many rows there are.

    Returns:
        The rows, and the units that times were in.

    Raises:
        MixedUnitsError: unix times are in more than one unit.
    """
    texts: set[str] = set()
    while True:
        try:
            return _gather(read(texts), texts, roles, expected)
        except _NotIntegersError as found:
            texts.add(found.role)


def _gather(
    blocks: Iterable[Block], texts: Collection[str], roles: Collection[str], expected: int
) -> tuple[CodedRows, frozenset[str]] | None:
    ids = {role: TextIds(expected) if role in texts else IntegerIds(expected) for role in REQUIRED}
    rest = {role: GrowingArray(KINDS[role], expected) for role in roles if role in KINDS}
    units: frozenset[str] = frozenset()
    rows = 0
    for block, found in blocks:
        for role, cells in block.items():
            (ids if role in ids else rest)[role].append(cells)
        rows += len(block.get("user", ()))
        units |= found
        if mixes_units(units):
            raise MixedUnitsError
    if not rows:
        return None
    arrays = {role: array.whole() for role, array in rest.items()}
    (users, user), (items, item) = (ids.pop(role).coded() for role in REQUIRED)
    return CodedRows(users, items, {"user": user, "item": item, **arrays}), units


def ids_of(role: str, ids: pl.Series, texts: Collection[str]) -> Any:
    """A block of ids without null as `gather` wants them: text for a role in `texts`, else integers."""
    if role in texts:
        return ids.cast(pl.String)
    integers = _as_integers(ids)
    if integers is None:
        raise _NotIntegersError(role)
    return integers


class GrowingArray:
    """An array that is appended to.

    Room that was never written takes no memory, and the array is enlarged in place where the system can do so.
    """

    def __init__(self, dtype: DTypeLike, expected: int) -> None:
        self._array: NDArray[Any] = np.empty(max(expected, 1), dtype)
        self._length = 0

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the entries."""
        return self._array.dtype

    def append(self, part: NDArray[Any]) -> None:
        """Add the entries of `part` [m]."""
        end = self._length + len(part)
        if end > len(self._array):
            self._array.resize(max(end, len(self._array) + len(self._array) // 4), refcheck=False)
        self._array[self._length : end] = part
        self._length = end

    def widen(self, dtype: DTypeLike) -> None:
        """Go on with a wider type."""
        self._array = self._array[: self._length].astype(dtype)

    def whole(self) -> NDArray[Any]:
        """The array [entries]; nothing may be appended after."""
        self._array.resize(self._length, refcheck=False)
        return self._array


class IntegerIds:
    """Ids that are written as 64-bit integers are: 7 and -3, but not 007, +7 or 7.0."""

    def __init__(self, expected: int) -> None:
        self._ids = GrowingArray(np.int32, expected)

    def append(self, ids: NDArray[np.int64]) -> None:
        """Add a block of ids, int64 [m]; see `ids_of`."""
        low, high = ids.min(), ids.max()
        if self._ids.dtype == np.int32 and (low < INT32.min or high > INT32.max):
            self._ids.widen(np.int64)
        self._ids.append(ids)

    def coded(self) -> tuple[Vocabulary, NDArray[np.int32]]:
        """The vocabulary, and the index of each row, int32 [rows]."""
        return Vocabulary.of_integers(self._ids.whole())


def _as_integers(ids: pl.Series) -> NDArray[np.int64] | None:
    """Ids (String, or an integer type) as integers; None where one is not written as a 64-bit integer is.

    Spaces around are not part of an integer.
    """
    numbers = ids.cast(pl.Int64, strict=False)
    if numbers.null_count() and ids.dtype == pl.String:
        ids = ids.str.strip_chars()
        numbers = ids.cast(pl.Int64, strict=False)
    if numbers.null_count():
        return None
    integers: NDArray[np.int64] = numbers.to_numpy()
    if ids.dtype == pl.String and ids.str.len_bytes().sum() != _shortest(integers):
        return None
    return integers


def _shortest(integers: NDArray[np.int64]) -> int:
    """Characters of all the integers, each written as short as can be.

    What reads as an integer is never written shorter: a sign +, a 0 in front or -0 only make it longer.
    """
    low, high = int(integers.min()), int(integers.max())
    length = len(integers) + (int(np.count_nonzero(integers < 0)) if low < 0 else 0)
    for power in range(1, 19):
        if high >= 10**power:
            length += int(np.count_nonzero(integers >= 10**power))
        if low <= -(10**power):
            length += int(np.count_nonzero(integers <= -(10**power)))
    return length


class TextIds:
    """Ids that are text. Each block's are looked up among those known so far, so that no text is held twice."""

    def __init__(self, expected: int) -> None:
        self._codes = GrowingArray(np.int32, expected)
        self._known = pl.DataFrame(schema={"id": pl.String, "code": pl.Int32})

    def append(self, ids: pl.Series) -> None:
        """Add a block of ids (String)."""
        block = ids.to_frame("id")
        new = block.unique(maintain_order=True).join(self._known, on="id", how="anti", maintain_order="left")
        if len(new):
            first = len(self._known)
            codes = pl.int_range(first, first + len(new), dtype=pl.Int32, eager=True).alias("code")
            self._known = self._known.vstack(new.with_columns(codes)).rechunk()
        found = block.join(self._known, on="id", how="left", maintain_order="left")
        self._codes.append(found["code"].to_numpy())

    def coded(self) -> tuple[Vocabulary, NDArray[np.int32]]:
        """The vocabulary, and the index of each row, int32 [rows]."""
        ordered = self._known.sort("id")
        final = np.empty(len(ordered), np.int32)
        final[ordered["code"].to_numpy()] = np.arange(len(ordered), dtype=np.int32)
        codes = self._codes.whole()
        for at in range(0, len(codes), 1 << 20):
            codes[at : at + (1 << 20)] = final[codes[at : at + (1 << 20)]]
        return Vocabulary(ordered["id"].alias("")), codes
