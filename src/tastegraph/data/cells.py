"""What the cells of a text file say: ratings, times and parts of a split, a column at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "EXPECTED",
    "PART_NAMES",
    "numbers_as_seconds",
    "text_as_parts",
    "text_as_seconds",
    "text_as_values",
    "unit_of",
]

# A unix time this far from 1970 counts milli-, micro- or nanoseconds: in seconds it would be the year 5138 or later.
MILLISECONDS_FROM, MICROSECONDS_FROM, NANOSECONDS_FROM = 1e11, 1e14, 1e17
YEARS_1_TO_9999 = (-62_135_596_800, 253_402_300_799)
DATES: Final = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f")
PART_NAMES: Mapping[str, int] = {
    **dict.fromkeys(("fit", "train", "training"), 0),
    **dict.fromkeys(("validation", "valid", "val", "dev"), 1),
    "test": 2,
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


def text_as_seconds(text: pl.Series) -> tuple[pl.Series, str | None]:
    """Unix seconds of each cell (Float64) and the unit they were in.

    Milli-, micro- and nanoseconds are told by their size, dates by their form; null for what is neither, or lies
    outside the years 1 to 9999.
    """
    bare = text.str.strip_chars()
    stamp = bare.cast(pl.Float64, strict=False)
    if stamp.null_count() == text.null_count():
        return numbers_as_seconds(stamp), unit_of(stamp)
    numbers = stamp.drop_nulls()
    dates = _dates_as_seconds(bare)
    seconds = pl.select(pl.coalesce(numbers_as_seconds(stamp), dates).alias("time"))["time"]
    within = seconds.is_between(*YEARS_1_TO_9999)
    unit = "ISO dates" if numbers.is_empty() else f"ISO dates and {unit_of(numbers)}"
    return pl.select(pl.when(within).then(seconds).alias("time"))["time"], unit


def numbers_as_seconds(stamp: pl.Series) -> pl.Series:
    """Unix seconds of unix times in any unit (Float64); null outside the years 1 to 9999."""
    if stamp.dtype.is_integer() and stamp.null_count() == 0 and len(stamp):
        lowest, highest = int(stamp.min()), int(stamp.max())  # type: ignore[arg-type]
        if lowest > -MILLISECONDS_FROM and lowest >= YEARS_1_TO_9999[0] and highest < MILLISECONDS_FROM:
            return stamp.cast(pl.Float64)
    time = pl.col("time")
    size = time.abs()
    scale = pl.when(size >= NANOSECONDS_FROM).then(1e9).when(size >= MICROSECONDS_FROM).then(1e6)
    seconds = time / scale.when(size >= MILLISECONDS_FROM).then(1e3).otherwise(1.0)
    frame = pl.DataFrame({"time": stamp.cast(pl.Float64)})
    return frame.select(time=pl.when(seconds.is_between(*YEARS_1_TO_9999)).then(seconds))["time"]


def unit_of(stamp: pl.Series) -> str | None:
    """In words, the unit that unix times are in; None where there is none."""
    lowest, highest = stamp.min(), stamp.max()
    if lowest is None:
        return None
    largest = max(-float(lowest), float(highest))  # type: ignore[arg-type]
    if largest >= NANOSECONDS_FROM:
        return "unix nanoseconds"
    if largest >= MICROSECONDS_FROM:
        return "unix microseconds"
    return "unix milliseconds" if largest >= MILLISECONDS_FROM else "unix seconds"


def _dates_as_seconds(text: pl.Series) -> pl.Series:
    """Unix seconds of ISO dates, Float64; UTC where a date names no zone; null for what is none."""
    seconds = pl.Series("time", [None], dtype=pl.Float64).new_from_index(0, len(text))
    for form in DATES:
        if seconds.null_count() == 0:
            return seconds
        moment = text.str.to_datetime(form, strict=False, time_unit="us", exact=True, cache=True)
        seconds = pl.select(pl.coalesce(seconds, moment.dt.epoch("us") / 1e6).alias("time"))["time"]
    if seconds.null_count() == text.null_count():
        return seconds
    # Rarer forms (a zone, a week date): each distinct cell is read once.
    odd = text.filter(seconds.is_null()).unique().drop_nulls()
    known = {cell: _iso_seconds(cell) for cell in odd}
    rest = text.replace_strict(known, default=None, return_dtype=pl.Float64)
    return pl.select(pl.coalesce(seconds, rest).alias("time"))["time"]


def _iso_seconds(stamp: str) -> float | None:
    try:
        moment = datetime.fromisoformat(stamp)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
