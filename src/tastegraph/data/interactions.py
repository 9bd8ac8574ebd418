"""Interactions: who rated what, over contiguous indices, with the way back to the source's ids."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tastegraph.data.coded import CodedRows
from tastegraph.data.pairs import settle_pairs
from tastegraph.data.vocabulary import Vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.data.options import Duplicates
    from tastegraph.data.times import Times

__all__ = ["Interactions"]

BLOCK = 1 << 20  # rows at a time


@dataclass(frozen=True, eq=False)
class Interactions:
    """Unique (user, item) pairs, sorted by user, then item.

    Attributes:
        user: user index of each pair, int32 [n].
        item: item index of each pair, int32 [n].
        value: rating of each pair, float32 [n], or None where the source has none.
        time: unix seconds of each pair, [n], or None where the source has none: int64, or float64 where some have a
            fraction, which is known to a quarter of a microsecond in our days.
        users: vocabulary of the user indices.
        items: vocabulary of the item indices.
        place: of each pair in the files of a published split, which list a user's items in some order, int64 [n], or
            None.
    """

    user: NDArray[np.int32]
    item: NDArray[np.int32]
    value: NDArray[np.float32] | None
    time: Times | None
    users: Vocabulary
    items: Vocabulary
    place: NDArray[np.int64] | None = None

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> tuple[Interactions, int]:
        """Interactions of a table with columns user, item and, optionally, value and time.

        Of rows that repeat a (user, item) pair the last by time is kept; without time, or at the same time, the
        last row.

        Returns:
            The interactions and the number of rows dropped as duplicates.
        """
        interactions, dropped, _ = cls.from_rows(CodedRows.from_frame(frame))
        return interactions, dropped

    @classmethod
    def from_rows(
        cls, rows: CodedRows, duplicates: Duplicates = "last"
    ) -> tuple[Interactions, int, NDArray[np.uint8] | None]:
        """Interactions of a source's rows, whose arrays are taken over: `rows.columns` is empty afterwards.

        Returns:
            The interactions, the number of rows dropped as repeated pairs, and the part of each pair, uint8 [n], where
            the source says so.

        Raises:
            DataError: a pair is repeated and `duplicates` is "refuse".
        """
        dropped = settle_pairs(rows, duplicates)
        taken = rows.columns
        user, item = taken.pop("user"), taken.pop("item")
        value, time, part = (taken.pop(name, None) for name in ("value", "time", "part"))
        seconds = None if time is None else _whole_where_all_are(time)
        return cls(user, item, value, seconds, rows.users, rows.items), dropped, part

    def __repr__(self) -> str:
        columns = (("ratings", self.value), ("times", self.time))
        also = "".join(f", {name}" for name, column in columns if column is not None)
        return f"Interactions({len(self.users):,} users, {len(self.items):,} items, {len(self):,} pairs{also})"

    def __len__(self) -> int:
        return len(self.user)

    def where(self, mask: NDArray[np.bool_]) -> Interactions:
        """The pairs where `mask` (bool [n]) holds, over the same vocabularies."""
        return replace(
            self,
            user=self.user[mask],
            item=self.item[mask],
            value=None if self.value is None else self.value[mask],
            time=None if self.time is None else self.time[mask],
            place=None if self.place is None else self.place[mask],
        )

    def positives(self, threshold: float | None) -> Interactions:
        """The pairs rated `threshold` or more; all of them where there is no threshold or no rating."""
        if threshold is None or self.value is None:
            return self
        return self.where(self.value >= np.float32(threshold))

    def compact(self) -> Interactions:
        """The same pairs over vocabularies of only the users and items that occur in them."""
        used_users, user = _renumbered(self.user, len(self.users))
        used_items, item = _renumbered(self.item, len(self.items))
        return replace(
            self,
            user=user,
            item=item,
            users=Vocabulary(self.users.ids.gather(used_users)),
            items=Vocabulary(self.items.ids.gather(used_items)),
        )

    def to_frame(self) -> pl.DataFrame:
        """A table of original ids: user, item and, where known, value and time."""
        columns = {
            "user": self.users.ids.gather(self.user),
            "item": self.items.ids.gather(self.item),
        }
        if self.value is not None:
            columns["value"] = pl.Series(self.value)
        if self.time is not None:
            columns["time"] = pl.Series(self.time)
        return pl.DataFrame(columns)


def _renumbered(index: NDArray[np.int32], size: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The indices below `size` that occur, ascending, and each index as its place among them."""
    occurs = np.zeros(size, bool)
    for at in range(0, len(index), BLOCK):
        occurs[index[at : at + BLOCK]] = True
    place, found = np.cumsum(occurs, dtype=np.int32) - np.int32(1), np.empty(len(index), np.int32)
    for at in range(0, len(index), BLOCK):
        found[at : at + BLOCK] = place[index[at : at + BLOCK]]
    return np.flatnonzero(occurs), found


def _whole_where_all_are(time: NDArray[np.float64]) -> Times:
    """Seconds as int64, in the same memory, where none has a fraction; else as they are."""
    for at in range(0, len(time), BLOCK):
        block = time[at : at + BLOCK]
        if not (np.floor(block) == block).all():
            return time
    whole = time.view(np.int64)
    for at in range(0, len(time), BLOCK):
        whole[at : at + BLOCK] = time[at : at + BLOCK].astype(np.int64)
    return whole
