"""Lists made by any other tool, as something that ranks: what is judged is what the file says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tastegraph.data.counted import counted
from tastegraph.data.list_file import read_list_file
from tastegraph.errors import EvaluationError
from tastegraph.ranking.full_ranking import hits_of
from tastegraph.ranking.other_protocols import TUTORIAL

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tastegraph.data.list_file import ListRows
    from tastegraph.data.vocabulary import Vocabulary
    from tastegraph.graph.neighbours import NeighbourLists
    from tastegraph.ranking.other_protocols import ProtocolName
    from tastegraph.studies.evidence import Evidence

__all__ = ["OutsideLists"]


@dataclass(frozen=True, eq=False)
class OutsideLists:
    """Lists from a file, over the indices of a fit part.

    Attributes:
        lists: item indices of each user, best first, int32 [users, longest list]; -1 for none.
        strangers: users of the file that the fit part does not have.
        gaps: lists whose ranks leave some out, such as 1, 2, 500.
    """

    lists: NDArray[np.int32]
    strangers: int
    gaps: int = 0

    @classmethod
    def read(cls, path: Path, users: Vocabulary, items: Vocabulary) -> OutsideLists:
        """The lists of a file; see `read_list_file` for its columns. With a rank and a score, the rank decides.

        Equal scores of a user go to the lower item index, as in every list.

        Raises:
            DataError: the file cannot be read, an item is unknown, an item or a rank stands twice in a list, or ranks
                and scores of a list do not go together; the row is named.
        """
        rows = read_list_file(path)
        item = items.index_of(rows.table["item"])
        if (item < 0).any():
            row = int(np.flatnonzero(item < 0)[0])
            text = str(rows.table["item"][row])
            near = ", ".join(items.nearest(text))
            rows.blame(row, f"item {text} is not among the {len(items):,} items of the fit part; nearest: {near}")
        owner = users.index_of(rows.table["user"])
        table = _in_order(rows, owner, item)
        _refuse_repeats(rows, table, "item")
        if "rank" in table.columns:
            _refuse_repeats(rows, table, "rank")
            _refuse_disagreement(rows, table)
        who, place, index = (table[name].to_numpy() for name in ("owner", "place", "index"))
        known = who >= 0
        lists = np.full((len(users), int(place.max()) + 1), -1, np.int32)
        lists[who[known], place[known]] = index[known]
        return cls(lists, len(np.unique(who[~known])), _gaps(table))

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The first `k` of each user's list, what is excluded taken out and the rest moved up; int32 [n, k]."""
        own = self.lists[users]
        if exclude is not None:
            own = np.where(hits_of(own, np.asarray(users, np.int64), exclude), np.int32(-1), own)
        own = np.take_along_axis(own, np.argsort(own < 0, axis=1, kind="stable"), axis=1)[:, :k]
        return np.pad(own, ((0, 0), (0, k - own.shape[1])), constant_values=-1)

    def notices(self, path: str, evidence: Evidence, protocol: ProtocolName, longest: int) -> list[str]:
        """What a reader of the figures must know of the lists, a line each.

        Args:
            path: the file.
            evidence: what they are judged by.
            protocol: the protocol.
            longest: the largest K.

        Raises:
            EvaluationError: no list is of a user with held-out items.
        """
        relevant = evidence.likes if protocol == TUTORIAL else evidence.trial.test
        listed, wanted = self.lists[:, 0] >= 0, relevant.total > 0
        judged = int((listed & wanted).sum())
        if not judged:
            raise EvaluationError(
                f"{path}: none of the {int(listed.sum()) + self.strangers:,} users listed has held-out items"
            )
        found = []
        if aside := self.strangers + int((listed & ~wanted).sum()):
            found.append(
                f"{path}: {counted(aside, 'listed user')} not judged: no held-out items, or not in the fit part"
            )
        if missing := int((wanted & ~listed).sum()):
            found.append(
                f"{path}: {missing:,} of {int(wanted.sum()):,} users with held-out items have no list; "
                "what they find counts 0"
            )
        if protocol != TUTORIAL and (known := self._known(evidence.trial.known, wanted)):
            found.append(
                f"{path}: {counted(known, 'listed item')} taken out, the rest moved up: positives that the user is "
                "known to have (fit or validation)"
            )
        if self.lists.shape[1] < longest:
            found.append(
                f"{path}: no list has more than {counted(self.lists.shape[1], 'place')}; a longer K finds no more"
            )
        if self.gaps:
            found.append(
                f"{path}: {counted(self.gaps, 'list')} with ranks left out; items are taken in the order of ranks"
            )
        return found

    def _known(self, known: NeighbourLists, wanted: NDArray[np.bool_]) -> int:
        users = np.flatnonzero(wanted)
        return int(hits_of(self.lists[users], users, known).sum())


def _in_order(rows: ListRows, owner: NDArray[np.int32], item: NDArray[np.int32]) -> pl.DataFrame:
    """The rows with number, owner, item index and place in the list, each owner's by rank or score.

    Users that the fit part does not have are told apart by numbers below 0.
    """
    known, stranger = pl.col("owner") >= 0, -pl.col("user").rank("dense").cast(pl.Int64)
    table = rows.table.with_columns(owner=pl.Series(owner, dtype=pl.Int64), index=pl.Series(item)).with_row_index("row")
    table = table.with_columns(owner=pl.when(known).then("owner").otherwise(stranger))
    order = ["rank"] if "rank" in table.columns else [-pl.col("score"), "index"]
    ordered = table.sort("owner", *order, maintain_order=True)
    return ordered.with_columns(place=pl.int_range(pl.len()).over("owner"))


def _gaps(table: pl.DataFrame) -> int:
    if "rank" not in table.columns:
        return 0
    whole = table.group_by("owner").agg(last=pl.col("rank").max(), length=pl.len())
    return whole.filter(pl.col("last") > pl.col("length")).height


def _refuse_repeats(rows: ListRows, table: pl.DataFrame, what: str) -> None:
    by = "index" if what == "item" else what
    again = table.sort("row").filter(~pl.struct("owner", by).is_first_distinct())
    if again.is_empty():
        return
    row = again.row(0, named=True)
    first = table.filter((pl.col("owner") == row["owner"]) & (pl.col(by) == row[by]))["row"].to_numpy().min()
    shown = row["item"] if what == "item" else f"{row['rank']:g}"
    where = f"{'line' if rows.by_line else 'row'} {rows.first + int(first)}"
    rows.blame(row["row"], f"{what} {shown} stands twice in the list of user {row['user']}, first in {where}")


def _refuse_disagreement(rows: ListRows, table: pl.DataFrame) -> None:
    if "score" not in table.columns:
        return
    rising = table.filter(pl.col("score") > pl.col("score").shift(1).over("owner"))
    if not rising.is_empty():
        row = rising.sort("row").row(0, named=True)
        rows.blame(
            row["row"],
            f"rank {row['rank']:g} of user {row['user']} has a higher score than the rank before; leave out the column "
            "that does not order the lists",
        )
