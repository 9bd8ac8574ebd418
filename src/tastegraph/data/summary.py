"""What is in a data set, in numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tastegraph.data.splits import PART_NAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.data.dataset import Dataset

__all__ = ["summarise"]

MOST_RATED = 10
HISTOGRAM_BARS = 20


def summarise(dataset: Dataset, threshold: float | None = None) -> dict[str, Any]:
    """Counts, density, degrees, rating histogram, time range, genres, features and the most rated items of a data set.

    Args:
        dataset: the data set.
        threshold: a rating from here on is a positive; None: every interaction is.
    """
    rated = dataset.interactions
    users, items = len(rated.users), len(rated.items)
    per_item = np.bincount(rated.item, minlength=items)
    return {
        "name": dataset.name,
        "path": str(dataset.path),
        "digest": dataset.digest,
        "understood": dataset.understood,
        "users": users,
        "items": items,
        "interactions": len(rated),
        "positives": {
            "threshold": None if rated.value is None else threshold,
            "count": len(rated.positives(threshold)),
        },
        "duplicates": dataset.duplicates,
        "density": len(rated) / (users * items),
        "per_user": _spread(np.bincount(rated.user, minlength=users)),
        "per_item": _spread(per_item),
        "ratings": None if rated.value is None else _histogram(rated.value),
        "time": None if rated.time is None else {"first": _day(rated.time.min()), "last": _day(rated.time.max())},
        "degrees": {
            "user": _distribution(np.bincount(rated.user, minlength=users)),
            "item": _distribution(per_item),
        },
        "genres": _genres(dataset),
        "published_test": None if dataset.published_test is None else int(dataset.published_test.sum()),
        "given_parts": _parts(dataset.given_part),
        "user_features": [] if dataset.user_table is None else dataset.user_table.columns[1:],
        "item_features": [] if dataset.item_table is None else dataset.item_table.columns[1:],
        "most_rated": _most_rated(dataset, per_item),
    }


def _spread(counts: NDArray[np.int64]) -> dict[str, float]:
    return {
        "min": int(counts.min()),
        "median": float(np.median(counts)),
        "mean": float(counts.mean()),
        "max": int(counts.max()),
    }


def _distribution(counts: NDArray[np.int64]) -> list[dict[str, int]]:
    """How many have from 1, from 2, from 4, from 8, ... interactions, up to the largest."""
    width = max(int(counts.max()).bit_length(), 1)
    bins = np.bincount(np.frexp(counts[counts > 0])[1] - 1, minlength=width)
    return [{"from": 1 << n, "to": (2 << n) - 1, "count": int(bins[n])} for n in range(width)]


def _parts(part: NDArray[np.uint8] | None) -> dict[str, int] | None:
    """Pairs in each part that a column of the source gives."""
    if part is None:
        return None
    return dict(zip(PART_NAMES, np.bincount(part, minlength=len(PART_NAMES)).tolist(), strict=True))


def _genres(dataset: Dataset) -> list[dict[str, Any]]:
    """Each genre with its rated items and their interactions, the most frequent first."""
    table = dataset.item_table
    if table is None or "genres" not in table.columns or table["genres"].dtype != pl.List(pl.String):
        return []
    rated = dataset.interactions
    counts = pl.DataFrame(
        {"item": rated.items.ids, "interactions": np.bincount(rated.item, minlength=len(rated.items))}
    )
    found = (
        table.select("item", genre="genres")
        .explode("genre")
        .drop_nulls("genre")
        .join(counts, on="item")
        .group_by("genre")
        .agg(items=pl.len(), interactions=pl.col("interactions").sum())
        .sort("interactions", "genre", descending=[True, False])
    )
    return found.to_dicts()


def _histogram(value: NDArray[np.float32]) -> list[dict[str, float]] | None:
    """Each rating and how often it was given; None where ratings are too many different numbers to list."""
    ratings, counts = np.unique(value, return_counts=True)
    if len(ratings) > HISTOGRAM_BARS:
        return None
    return [{"rating": float(r), "count": int(c)} for r, c in zip(ratings, counts, strict=True)]


def _day(seconds: np.int64 | np.float64) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(seconds))).date().isoformat()


def _most_rated(dataset: Dataset, per_item: NDArray[np.int64]) -> list[dict[str, Any]]:
    top = np.argsort(-per_item, kind="stable")[:MOST_RATED]
    ids = dataset.interactions.items.ids.gather(top).to_list()
    films: dict[Any, dict[str, Any]] = {}
    if dataset.item_table is not None:
        films = {row["item"]: row for row in dataset.item_table.iter_rows(named=True)}
    return [
        {
            "item": item,
            "title": films.get(item, {}).get("title"),
            "year": films.get(item, {}).get("year"),
            "count": int(per_item[index]),
        }
        for item, index in zip(ids, top, strict=True)
    ]
