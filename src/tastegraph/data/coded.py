"""Rows of a source in its own order, with indices in place of ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tastegraph.data.vocabulary import Vocabulary, canonical_ids

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

__all__ = ["CodedRows"]


@dataclass(eq=False)
class CodedRows:
    """Ratings as a source lists them, before repeated pairs are settled.

    Attributes:
        users: vocabulary of the user indices.
        items: vocabulary of the item indices.
        columns: arrays of one length by name: user and item (int32 indices) and, where the source has them, value
            (float32), time (float64 unix seconds) and part (uint8). Whoever makes interactions of them takes them
            out, so that no array is held twice.
    """

    users: Vocabulary
    items: Vocabulary
    columns: dict[str, NDArray[Any]]

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> CodedRows:
        """The rows of a table with columns user, item and, optionally, value, time and part."""
        users, user = Vocabulary.of(canonical_ids(frame["user"]))
        items, item = Vocabulary.of(canonical_ids(frame["item"]))
        columns: dict[str, NDArray[Any]] = {"user": user, "item": item}
        for name, kind in (("value", np.float32), ("time", np.float64), ("part", np.uint8)):
            if name in frame.columns:
                columns[name] = frame[name].to_numpy().astype(kind)
        return cls(users, items, columns)

    def __len__(self) -> int:
        return len(self.columns["user"])
