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


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Original ids in ascending order; the position of an id is its index.

    Attributes:
        ids: unique ids, sorted, of dtype Int64 or String.
    """

    ids: pl.Series

    @classmethod
    def of(cls, ids: pl.Series) -> tuple[Vocabulary, NDArray[np.int32]]:
        """The vocabulary of a column of ids, and the index of each of its rows (int32, same length)."""
        codes = (ids.rank("dense") - 1).cast(pl.Int32).to_numpy()
        return cls(ids.unique().sort()), codes

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def noun(self) -> str:
        """What an id looks like, for messages."""
        return "integer" if self.ids.dtype == pl.Int64 else "string"

    def index_of(self, ids: pl.Series | Sequence[str]) -> NDArray[np.int32]:
        """Index of each id (int32), -1 for an id that is not here."""
        asked = pl.DataFrame({"id": pl.Series(ids).cast(self.ids.dtype, strict=False)})
        known = pl.DataFrame({"id": self.ids}).with_row_index("index")
        found = asked.join(known, on="id", how="left", maintain_order="left")
        return found["index"].cast(pl.Int32).fill_null(-1).to_numpy()

    def nearest(self, text: str, n: int = 3) -> list[str]:
        """Up to `n` known ids that `text` may have meant: the closest numbers, or the closest spellings."""
        if self.ids.dtype == pl.Int64 and text.lstrip("-").isdigit():
            distance = np.abs(self.ids.to_numpy().astype(np.float64) - float(text))
            return [str(self.ids[int(row)]) for row in np.argsort(distance, kind="stable")[:n]]
        spelled = self.ids.cast(pl.String).to_list()
        return difflib.get_close_matches(text, spelled, n=n, cutoff=0.0)


def canonical_ids(ids: pl.Series) -> pl.Series:
    """Ids as Int64 where each is written as that integer is written, else as the strings they are.

    "007", "1.0" or a number beyond 64 bits keep the whole column a string column: an id is opaque.
    """
    if ids.dtype.is_integer():
        return ids.cast(pl.Int64)
    numbers = ids.cast(pl.Int64, strict=False)
    if numbers.null_count() == 0 and bool((numbers.cast(pl.String) == ids).all()):
        return numbers
    return ids
