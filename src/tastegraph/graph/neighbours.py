"""Neighbour lists: compressed rows of sorted indices, without values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tastegraph.errors import GraphError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["NeighbourLists"]


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
        """The lists of the given pairs; a pair given twice stands once.

        Raises:
            GraphError: the arrays differ in length, or an index is out of range.
        """
        rows, columns = np.asarray(row, np.int64), np.asarray(column, np.int64)
        if rows.shape != columns.shape or rows.ndim != 1:
            raise GraphError(f"expected two flat arrays of one length, found shapes {rows.shape}, {columns.shape}")
        for name, values, limit in (("row", rows, num_rows), ("column", columns, num_columns)):
            if len(values) and not (values.min() >= 0 and values.max() < limit):
                raise GraphError(f"{name} indices must lie in 0..{limit - 1}, found {values.min()}..{values.max()}")
        key = _ascending(rows * num_columns + columns)
        row, index = np.divmod(key, max(num_columns, 1))
        start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=num_rows))]).astype(np.int64)
        return cls(start, index.astype(np.uint32), num_columns)

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
        """Whether each (row, column) is an entry, bool [n]: a binary search over the sorted pairs."""
        asked = row.astype(np.int64) * self.num_columns + column
        keys = self.keys()
        at = np.searchsorted(keys, asked)
        return (
            (at < len(keys)) & (keys[np.minimum(at, len(keys) - 1)] == asked)
            if len(keys)
            else np.zeros(len(asked), bool)
        )

    def keys(self) -> NDArray[np.int64]:
        """Row x num_columns + column of every entry, ascending, int64 [entries]."""
        row = np.repeat(np.arange(self.num_rows), self.counts)
        return row * self.num_columns + self.index

    def transposed(self) -> NeighbourLists:
        """The same pairs, looked up from the columns."""
        row = np.repeat(np.arange(self.num_rows), self.counts)
        return NeighbourLists.from_pairs(self.index, row, self.num_columns, self.num_rows)


def _ascending(key: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each key once, ascending; np.unique, which hashes first, takes ten times as long."""
    if not bool((key[1:] > key[:-1]).all()):
        key.sort()
        key = key[np.append(True, key[1:] != key[:-1])] if len(key) else key
    return key
