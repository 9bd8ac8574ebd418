"""Feedback that a service gathered, joined to a data set as ratings of new users."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from tastegraph.data.interactions import Interactions
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from tastegraph.data.dataset import Dataset

__all__ = ["AddedFeedback", "titles_of", "with_feedback"]


@dataclass(frozen=True)
class AddedFeedback:
    """What came of it.

    Attributes:
        users: accounts that have become users.
        pairs: ratings that were added.
        left_out: rows that could not be: of items that the data lacks, or no likes where the data has no ratings.
    """

    users: int
    pairs: int
    left_out: int


def titles_of(dataset: Dataset) -> dict[str, str]:
    """The title of each item by its id as text, "" where the data has none: what feedback is checked against."""
    titles = dict.fromkeys(dataset.interactions.items.ids.cast(pl.String), "")
    table = dataset.item_table
    if table is not None and "title" in table.columns:
        named = table.select(pl.col("item").cast(pl.String), pl.col("title").cast(pl.String).fill_null(""))
        titles |= {item: title for item, title in named.iter_rows() if item in titles}
    return titles


def with_feedback(dataset: Dataset, feedback: pl.DataFrame, *, rated: bool) -> tuple[Dataset, AddedFeedback]:
    """A data set and, as further users, the accounts of a service.

    A like is the highest rating that the data has; a dislike and a film seen are the lowest: no positives, but known.
    Where every interaction is a positive only likes are added. Account n becomes the user "account n", or, where ids
    are integers, the highest id of the data plus n.

    Args:
        dataset: with a split of our own.
        feedback: columns account (Int64), item (String), kind and said (unix seconds), as `FeedbackStore.everything`.
        rated: whether positives are told by a threshold.

    Raises:
        DataError: the data comes with a split, which feedback would change, or a user is called like an account.
    """
    if any(part is not None for part in (dataset.published_test, dataset.given_part, dataset.interactions.place)):
        raise DataError("comes with a split, to which feedback cannot be added", path=dataset.path)
    known = dataset.interactions
    by_rating = rated and known.value is not None
    rows = feedback if by_rating else feedback.filter(pl.col("kind") == "like")
    items = pl.DataFrame({"item": known.items.ids.cast(pl.String), "known": known.items.ids})
    rows = rows.join(items, on="item", how="inner", maintain_order="left")
    added = pl.DataFrame({"user": _users(dataset, rows["account"]), "item": rows["known"]})
    if known.value is not None:
        high, low = float(known.value.max()), float(known.value.min())
        like = pl.when(rows["kind"] == "like").then(high).otherwise(low)
        added = added.with_columns(like.cast(pl.Float32).alias("value"))
    if known.time is not None:
        added = added.with_columns(rows["said"].floor().alias("time").cast(pl.Series(known.time).dtype))
    told = AddedFeedback(rows["account"].n_unique(), len(rows), len(feedback) - len(rows))
    if not len(rows):
        return dataset, told
    joined, _ = Interactions.from_frame(pl.concat([known.to_frame(), added]))
    digest = hashlib.sha256(feedback.write_csv().encode()).hexdigest()
    return replace(dataset, interactions=joined, digests=dataset.digests | {"feedback": digest}), told


def _users(dataset: Dataset, accounts: pl.Series) -> pl.Series:
    """The ids of accounts as users of this data set."""
    ids = dataset.interactions.users.ids
    if ids.dtype == pl.Int64:
        return accounts + int(ids[-1])  # ids are in order
    named = pl.Series("user", [f"account {number}" for number in accounts], dtype=pl.String)
    both = ids.filter(ids.is_in(named.implode()))
    if len(both):
        raise DataError(f"a user is called {both[0]!r} already, like an account", path=dataset.path)
    return named
