"""Vocabulary: contiguous indices on one side, the source's own ids on the other."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Vocabulary", "canonical_ids"]

TABLE_PER_ROW, SMALL_TABLE = 4, 1 << 16  # a table of ids may have so many places for each row, and some at all
BLOCK = 1 << 20  # rows at a time
SPELLINGS = 20_000  # ids that a misspelt one is compared with, at most


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Original ids in ascending order; the position of an id is its index.

    Attributes:
        ids: unique ids, sorted, of dtype Int64 or String.
    """

    ids: pl.Series

    @classmethod
    def of(cls, ids: pl.Series) -> tuple[Vocabulary, NDArray[np.int32]]:
        """The vocabulary of a column of ids, and the index of each of its rows, int32 [rows]."""
        if ids.dtype == pl.Int64 and len(ids):
            return cls.of_integers(ids.to_numpy())
        vocabulary = cls(ids.unique().sort())
        return vocabulary, vocabulary.index_of(ids)

    @classmethod
    def of_integers(cls, ids: NDArray[np.integer]) -> tuple[Vocabulary, NDArray[np.int32]]:
        """The same for integers [rows], at least one; an int32 array is written over with the indices.

        Ids that lie close together are looked up in a table, block by block, so that nothing of their length is
        made; others go through a sort and a hash join.
        """
        low, high = int(ids.min()), int(ids.max())
        span = high - low + 1
        if span > TABLE_PER_ROW * len(ids) + SMALL_TABLE:
            vocabulary = cls(pl.Series("", ids).cast(pl.Int64).unique().sort())
            return vocabulary, vocabulary.index_of(pl.Series("", ids))
        seen = np.zeros(span, bool)
        codes = ids if ids.dtype == np.int32 and ids.flags.writeable else np.empty(len(ids), np.int32)
        for at in range(0, len(ids), BLOCK):
            seen[ids[at : at + BLOCK] - low] = True
        index = np.cumsum(seen, dtype=np.int32) - np.int32(1)
        for at in range(0, len(ids), BLOCK):
            codes[at : at + BLOCK] = index[ids[at : at + BLOCK] - low]
        return cls(pl.Series("", np.flatnonzero(seen) + low, dtype=pl.Int64)), codes.view(np.int32)

    def __len__(self) -> int:
        return len(self.ids)

    def index_of(self, ids: pl.Series | Sequence[str]) -> NDArray[np.int32]:
        """Index of each id, int32 [ids]; -1 for an id that is not here. Spaces around integers are not part of them."""
        told = pl.Series(ids)
        if self.ids.dtype == pl.Int64 and told.dtype == pl.String:
            told = told.str.strip_chars()
        asked = pl.DataFrame({"id": told.cast(self.ids.dtype, strict=False)})
        known = pl.DataFrame({"id": self.ids}).with_row_index("index")
        found = asked.join(known, on="id", how="left", maintain_order="left")
        return found["index"].cast(pl.Int32).fill_null(-1).to_numpy()

    def nearest(self, text: str, n: int = 3) -> list[str]:
        """Up to `n` known ids that `text` may have meant: the closest numbers, or the closest spellings."""
        if self.ids.dtype == pl.Int64:
            try:
                distance = np.abs(self.ids.to_numpy().astype(np.float64) - float(text))
            except ValueError:
                return [str(known) for known in self.ids[:n]]
            return [str(self.ids[int(row)]) for row in np.argsort(distance, kind="stable")[:n]]
        if len(self) > SPELLINGS:  # too many to compare one by one: those that stand beside it in order
            first = max(0, int(self.ids.search_sorted(text)) - 1)
            return self.ids[first : first + n].to_list()
        return difflib.get_close_matches(text, self.ids.to_list(), n=n, cutoff=0.0)


def canonical_ids(ids: pl.Series) -> pl.Series:
    """Ids as Int64 where each is written as that integer is written, else as the strings they are.

    "007", "1.0" or a number beyond 64 bits keep the whole column a string column: an id is opaque. Spaces around
    integers are not part of them.
    """
    if ids.dtype.is_integer():
        return ids.cast(pl.Int64)
    bare = ids.str.strip_chars()
    numbers = bare.cast(pl.Int64, strict=False)
    if numbers.null_count() == 0 and bool((numbers.cast(pl.String) == bare).all()):
        return numbers
    return ids
