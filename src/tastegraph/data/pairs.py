"""Settle repeated pairs and put what is left in order, by user, then item, in little more memory than the rows take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tastegraph.data.counted import counted
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import DTypeLike, NDArray

    from tastegraph.data.coded import CodedRows
    from tastegraph.data.options import Duplicates

__all__ = ["RepeatedPairError", "ascending", "settle_pairs"]

BLOCK = 1 << 20  # rows at a time
KEY_BITS = 64
FEW_ROWS = 4 << 20


class RepeatedPairError(DataError):
    """A pair that stands in two rows and must not; `rows` are their numbers from 0, in order."""

    def __init__(self, found: str, expected: str, rows: tuple[int, int]) -> None:
        self.found, self.expected, self.rows = found, expected, rows
        super().__init__(f"row {rows[1] + 1}: {found}, here and in row {rows[0] + 1}; {expected}")

    def in_lines(self, first: int, path: str | PathLike[str], line: int) -> DataError:
        """The same of a file whose lines are known."""
        return DataError(f"{self.found}, here and in line {first}; {self.expected}", path=path, line=line)


def settle_pairs(rows: CodedRows, duplicates: Duplicates) -> int:
    """Put rows in order of user and item, each pair once; their arrays are replaced.

    Args:
        rows: the rows.
        duplicates: which of several rows of a pair counts. "last" and "first" go by time, and, where there is none or
            it is the same, by their order; "highest" by rating, then as "last".

    Returns:
        The number of rows dropped.

    Raises:
        RepeatedPairError: a pair is repeated and `duplicates` is "refuse", or it is in two parts.
    """
    columns = rows.columns
    if ascending(columns["user"], columns["item"]):
        return 0
    total = len(rows)
    pair, row = _sorted_pairs(rows)
    kept = _kept(pair, row, columns, duplicates, rows)
    if kept is not None:
        pair, row = pair[kept], row[kept]
    item_bits = _bits(len(rows.items))
    columns["user"] = _field(pair, item_bits, KEY_BITS - item_bits, np.int32)
    columns["item"] = _field(pair, 0, item_bits, np.int32)
    del pair
    for name in ("value", "time", "part"):
        if name in columns:
            columns[name] = columns[name][row]
    return total - len(row)


def ascending(user: NDArray[np.int32], item: NDArray[np.int32]) -> bool:
    """Whether pairs, int32 [n] each, are in order already, and none is repeated."""
    for at in range(0, len(user) - 1, BLOCK):
        u, i = user[at : at + BLOCK + 1], item[at : at + BLOCK + 1]
        if not ((u[1:] > u[:-1]) | ((u[1:] == u[:-1]) & (i[1:] > i[:-1]))).all():
            return False
    return True


def _sorted_pairs(rows: CodedRows) -> tuple[NDArray[np.uint64], NDArray[Any]]:
    """The pairs as one number each (user, then item), ascending, and the row of each; same pairs by row.

    The columns user and item are taken out: pair and row are packed into one key, which is sorted in place.
    """
    user, item = rows.columns.pop("user"), rows.columns.pop("item")
    item_bits, row_bits = _bits(len(rows.items)), _bits(len(user))
    if len(user) <= FEW_ROWS and max(len(rows.users), len(rows.items)) <= 1 << 16:
        return _by_radix(user, item, item_bits)
    pair = np.empty(len(user), np.uint64)
    packs = _bits(len(rows.users)) + item_bits + row_bits <= KEY_BITS
    for at in range(0, len(user), BLOCK):
        part = user[at : at + BLOCK].astype(np.uint64) << np.uint64(item_bits)
        part |= item[at : at + BLOCK].astype(np.uint64)
        if packs:
            part <<= np.uint64(row_bits)
            part |= np.arange(at, at + len(part), dtype=np.uint64)
        pair[at : at + BLOCK] = part
    if not packs:  # billions of rows: a sort that carries the rows along
        row = np.argsort(pair, kind="stable")
        return pair[row], row
    del user, item
    pair.sort()
    row = _field(pair, 0, row_bits, np.uint32 if row_bits <= 32 else np.int64)
    pair >>= np.uint64(row_bits)
    return pair, row


def _by_radix(
    user: NDArray[np.int32], item: NDArray[np.int32], item_bits: int
) -> tuple[NDArray[np.uint64], NDArray[Any]]:
    """The same by two stable sorts of 16-bit numbers, which NumPy does by counting: faster, for more memory."""
    row = np.argsort(item.astype(np.uint16), kind="stable")
    row = row[np.argsort(user[row].astype(np.uint16), kind="stable")]
    pair = user[row].astype(np.uint64) << np.uint64(item_bits)
    pair |= item[row].astype(np.uint64)
    return pair, row


def _kept(
    pair: NDArray[np.uint64],
    row: NDArray[Any],
    columns: dict[str, NDArray[Any]],
    duplicates: Duplicates,
    rows: CodedRows,
) -> NDArray[np.bool_] | None:
    """Which of the sorted rows stay; None for all."""
    same = pair[1:] == pair[:-1]
    if not same.any():
        return None
    if "part" in columns and (shared := same & (columns["part"][row[1:]] != columns["part"][row[:-1]])).any():
        at = int(shared.argmax())
        found, expected = f"{_named(pair[at], rows)} is in two parts", "expected no pair of one part in another"
        raise RepeatedPairError(found, expected, (int(row[at]), int(row[at + 1])))
    if duplicates == "refuse":
        repeated_rows = counted(int(same.sum()), "repeated row")
        at = int(same.argmax())
        found = f"{_named(pair[at], rows)} is there more than once ({repeated_rows})"
        expected = "expected each pair once (data.duplicates chooses which row counts)"
        raise RepeatedPairError(found, expected, (int(row[at]), int(row[at + 1])))
    repeated = np.append(same, False)
    repeated[1:] |= same
    among = np.flatnonzero(repeated)
    there = row[among]
    keys = [there]
    if "time" in columns:
        keys.append(columns["time"][there])
    if duplicates == "highest" and "value" in columns:
        keys.append(columns["value"][there])
    order = np.lexsort((*keys, pair[among]))
    ordered = pair[among][order]
    differs = ordered[1:] != ordered[:-1]
    chosen = np.append(True, differs) if duplicates == "first" else np.append(differs, True)
    kept = ~repeated
    kept[among[order[chosen]]] = True
    return kept


def _field(packed: NDArray[np.uint64], shift: int, bits: int, dtype: DTypeLike) -> NDArray[Any]:
    """Some bits of each number, as a type that holds them."""
    field = np.empty(len(packed), dtype)
    for at in range(0, len(packed), BLOCK):
        field[at : at + BLOCK] = (packed[at : at + BLOCK] >> np.uint64(shift)) & np.uint64((1 << bits) - 1)
    return field


def _bits(count: int) -> int:
    """Bits that hold every index below `count`."""
    return max(count - 1, 1).bit_length()


def _named(pair: np.uint64, rows: CodedRows) -> str:
    """A packed pair by its ids."""
    item_bits = _bits(len(rows.items))
    user, item = int(pair) >> item_bits, int(pair) & ((1 << item_bits) - 1)
    return f"user {rows.users.ids[user]}, item {rows.items.ids[item]}"
