"""Neighbour lists: compressed rows of sorted indices, without values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tastegraph.errors import GraphError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["NeighbourLists"]

BLOCK = 1 << 20  # pairs at a time: nothing of their whole length is made but what is kept
INT32 = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False)
class NeighbourLists:
    """For each row, the sorted column indices that it is joined to.

    Attributes:
        start: where each row's list starts in `index`, int64 [rows + 1]; the last entry is its length.
        index: column indices, row after row, ascending within a row, uint32 [entries].
        num_columns: indices are below this.
    """

    start: NDArray[np.int64]
    index: NDArray[np.uint32]
    num_columns: int

    @classmethod
    def from_pairs(cls, row: ArrayLike, column: ArrayLike, num_rows: int, num_columns: int) -> NeighbourLists:
        """The lists of the given pairs, whole numbers [n] each; a pair given twice stands once.

        Raises:
            GraphError: the arrays differ in length, or an index is out of range.
        """
        rows, columns = _whole_numbers(row), _whole_numbers(column)
        if rows.shape != columns.shape or rows.ndim != 1:
            raise GraphError(f"expected two flat arrays of one length, found shapes {rows.shape}, {columns.shape}")
        for name, values, limit in (("row", rows, num_rows), ("column", columns, num_columns)):
            if len(values) and not (values.min() >= 0 and values.max() < limit):
                raise GraphError(f"{name} indices must lie in 0..{limit - 1}, found {values.min()}..{values.max()}")
        if _in_order(rows, columns):
            return cls(_starts(rows, num_rows), columns.astype(np.uint32), num_columns)
        key = _sorted_keys(rows, columns, num_columns)
        index, counts = np.empty(len(key), np.uint32), np.zeros(num_rows, np.int64)
        for at in range(0, len(key), BLOCK):
            row_there, index[at : at + BLOCK] = np.divmod(key[at : at + BLOCK], num_columns)
            _count(row_there, counts)
        return cls(_sums(counts), index, num_columns)

    def __repr__(self) -> str:
        return f"NeighbourLists({self.num_rows:,} rows, {self.num_columns:,} columns, {len(self.index):,} entries)"

    @property
    def num_rows(self) -> int:
        """Number of rows, empty ones included."""
        return len(self.start) - 1

    @property
    def counts(self) -> NDArray[np.int64]:
        """Length of each row's list, int64 [rows]."""
        return np.diff(self.start)

    def __getitem__(self, row: int) -> NDArray[np.uint32]:
        return self.index[self.start[row] : self.start[row + 1]]

    def pairs_of(self, rows: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All entries of the given rows: (position in `rows`, column index), each int64 [entries of these rows]."""
        counts = self.counts[rows]
        position = np.repeat(np.arange(len(rows)), counts)
        offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return position, self.index[self.start[rows][position] + offset].astype(np.int64)

    def contain(self, row: NDArray[np.integer], column: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Whether each (row, column) is an entry, bool [n]: a binary search within each row's list."""
        low, end = self.start[row], self.start[row + 1]
        high = end.copy()
        while bool((searched := low < high).any()):
            middle = (low + high) >> 1
            below = searched.copy()
            below[searched] = self.index[middle[searched]] < column[searched]
            low, high = np.where(below, middle + 1, low), np.where(searched & ~below, middle, high)
        found: NDArray[np.bool_] = low < end
        found[found] = self.index[low[found]] == column[found]
        return found

    def keys(self) -> NDArray[np.int64]:
        """Row x num_columns + column of every entry, ascending, int64 [entries]."""
        row = np.repeat(np.arange(self.num_rows), self.counts)
        return row * self.num_columns + self.index

    def transposed(self) -> NeighbourLists:
        """The same pairs, looked up from the columns; by counting, which scipy does in one pass."""
        from scipy.sparse import csr_array

        # Indices below 2^31 are read as signed ones, as they are; scipy widens what is larger.
        narrow = max(self.num_columns, self.num_rows, len(self.index)) <= INT32
        index = self.index.view(np.int32) if narrow else self.index.astype(np.int64)
        marks = np.ones(len(index), np.bool_)
        shape = (self.num_rows, self.num_columns)
        turned = csr_array((marks, index, self.start.astype(index.dtype)), shape=shape).tocsc()
        counted = turned.indices.view(np.uint32) if narrow else turned.indices.astype(np.uint32)
        return NeighbourLists(turned.indptr.astype(np.int64), counted, self.num_rows)


def _whole_numbers(values: ArrayLike) -> NDArray[np.integer]:
    """An array as it is, where it holds integers; anything else as int64."""
    array = np.asarray(values)
    return array if array.dtype.kind in "iu" and array.dtype != np.uint64 else np.asarray(values, np.int64)


def _in_order(rows: NDArray[np.integer], columns: NDArray[np.integer]) -> bool:
    """Whether pairs ascend, by row, then column, each once."""
    for at in range(0, len(rows) - 1, BLOCK):
        r, c = rows[at : at + BLOCK + 1], columns[at : at + BLOCK + 1]
        if not bool(((r[1:] > r[:-1]) | ((r[1:] == r[:-1]) & (c[1:] > c[:-1]))).all()):
            return False
    return True


def _starts(rows: NDArray[np.integer], num_rows: int) -> NDArray[np.int64]:
    """Where each row's list starts, of rows in ascending order."""
    counts = np.zeros(num_rows, np.int64)
    for at in range(0, len(rows), BLOCK):
        _count(rows[at : at + BLOCK], counts)
    return _sums(counts)


def _count(rows: NDArray[np.integer], counts: NDArray[np.int64]) -> None:
    """Add how often each row occurs among some in ascending order."""
    first = int(rows[0])
    found = np.bincount(rows - rows[0])
    counts[first : first + len(found)] += found


def _sums(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    start = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=start[1:])
    return start


def _sorted_keys(rows: NDArray[np.integer], columns: NDArray[np.integer], num_columns: int) -> NDArray[np.int64]:
    """Row x num_columns + column of each pair, each once, ascending; np.unique hashes, for ten times as long."""
    key = np.empty(len(rows), np.int64)
    for at in range(0, len(rows), BLOCK):
        key[at : at + BLOCK] = rows[at : at + BLOCK].astype(np.int64) * num_columns + columns[at : at + BLOCK]
    key.sort()
    kept = np.append(True, key[1:] != key[:-1])
    return key if bool(kept.all()) else key[kept]
