"""What the cells of a text file say: ratings and parts of a split, a column at a time; times are in `times`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from tastegraph.data.split_methods import FIT, TEST, VALIDATION

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EXPECTED", "PART_NAMES", "text_as_parts", "text_as_values"]

PART_NAMES: Mapping[str, int] = {
    **dict.fromkeys(("fit", "train", "training"), FIT),
    **dict.fromkeys(("validation", "valid", "val", "dev"), VALIDATION),
    "test": TEST,
}
EXPECTED: Mapping[str, str] = {
    "value": "a number as rating",
    "time": "unix seconds or an ISO date as time",
    "part": "train, validation or test as part",
}


def text_as_values(text: pl.Series) -> pl.Series:
    """Ratings, Float32; null for what is no finite number."""
    value = text.str.strip_chars().cast(pl.Float32, strict=False)
    return pl.select(pl.when(value.is_finite()).then(value).alias("value"))["value"]


def text_as_parts(text: pl.Series) -> pl.Series:
    """Parts of a split, UInt8: 0 fit, 1 validation, 2 test; null for another word."""
    words = text.str.strip_chars().str.to_lowercase()
    return words.replace_strict(PART_NAMES, default=None, return_dtype=pl.UInt8)
