"""What times say: unix seconds, or milli-, micro- or nanoseconds, told by their size, or dates."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = [
    "DATES",
    "Times",
    "first_of_another_unit",
    "mixes_units",
    "numbers_as_seconds",
    "text_as_seconds",
    "text_of_another_unit",
    "units_of",
]

# Unix seconds: whole ones, or, where some have a fraction, all with theirs.
Times = NDArray[np.int64] | NDArray[np.float64]
# A unix time this far from 1970 counts milli-, micro- or nanoseconds: in seconds it would be the year 5138 or later.
MILLISECONDS_FROM, MICROSECONDS_FROM, NANOSECONDS_FROM = 1e11, 1e14, 1e17
UNITS: Final = ("unix seconds", "unix milliseconds", "unix microseconds", "unix nanoseconds")
DATES: Final = "ISO dates"
DAYS: Final = "dates as yyyymmdd"
KINDS: Final = (*UNITS, DAYS, DATES)
FIRST_DAY, LAST_DAY = 1900_01_01, 2100_12_31
YEARS_1_TO_9999 = (-62_135_596_800, 253_402_300_799)
FORMS: Final = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f")


def text_as_seconds(text: pl.Series) -> tuple[pl.Series, frozenset[str]]:
    """Unix seconds of each cell (Float64) and the units they were in.

    Milli-, micro- and nanoseconds are told by their size, dates by their form, yyyymmdd where each number is a day
    of the years 1900 to 2100; null for what is neither, or lies outside the years 1 to 9999.
    """
    bare = text.str.strip_chars()
    stamp = bare.cast(pl.Float64, strict=False)
    if stamp.null_count() == text.null_count():
        return numbers_as_seconds(stamp), units_of(stamp)
    dates = _dates_as_seconds(bare)
    seconds = pl.select(pl.coalesce(numbers_as_seconds(stamp), dates).alias("time"))["time"]
    within = seconds.is_between(*YEARS_1_TO_9999)
    units = units_of(stamp) | {DATES}
    return pl.select(pl.when(within).then(seconds).alias("time"))["time"], units


def numbers_as_seconds(stamp: pl.Series) -> pl.Series:
    """Unix seconds of unix times in any unit, or of days as yyyymmdd (Float64); null outside the years 1 to 9999."""
    if (days := _days_as_seconds(stamp)) is not None:
        return days
    if stamp.dtype.is_integer() and stamp.null_count() == 0 and len(stamp):
        lowest, highest = int(stamp.min()), int(stamp.max())  # type: ignore[arg-type]  # of integers
        if lowest > -MILLISECONDS_FROM and lowest >= YEARS_1_TO_9999[0] and highest < MILLISECONDS_FROM:
            return stamp.cast(pl.Float64)
    time = pl.col("time")
    size = time.abs()
    scale = pl.when(size >= NANOSECONDS_FROM).then(1e9).when(size >= MICROSECONDS_FROM).then(1e6)
    seconds = time / scale.when(size >= MILLISECONDS_FROM).then(1e3).otherwise(1.0)
    frame = pl.DataFrame({"time": stamp.cast(pl.Float64)})
    return frame.select(time=pl.when(seconds.is_between(*YEARS_1_TO_9999)).then(seconds))["time"]


def units_of(stamp: pl.Series) -> frozenset[str]:
    """In words, the units that numbers are in, those of the smallest and of the largest; 0 is of any unit."""
    lowest, highest = stamp.min(), stamp.max()
    if lowest is None:
        return frozenset()
    largest = max(-float(lowest), float(highest))  # type: ignore[arg-type]  # numbers have numbers
    if largest < MILLISECONDS_FROM:
        unit = UNITS[0] if _days_as_seconds(stamp) is None else DAYS
        return frozenset([unit] if largest > 0 else ())
    place = _place_of_unit(stamp).drop_nulls()
    ends = (place.min(), place.max())
    return frozenset(UNITS[int(end)] for end in ends if end is not None)  # type: ignore[arg-type]  # of integers


def mixes_units(units: Collection[str]) -> bool:
    """Whether times are in more than one unit, so that what a number means cannot be known."""
    return sum(unit in KINDS for unit in units) > 1


def first_of_another_unit(stamp: pl.Series) -> tuple[int, str]:
    """Of numbers in several units, the row of the first that is not in the unit of those before, and that unit."""
    return _first_unlike(_place_of_unit(stamp), stamp)


def text_of_another_unit(text: pl.Series) -> tuple[int, str]:
    """The same for cells of text: numbers and ISO dates."""
    stamp = text.str.strip_chars().cast(pl.Float64, strict=False)
    place = _place_of_unit(stamp)
    if _days_as_seconds(stamp) is not None:
        place = _place_of_days(stamp, place)
    date = stamp.is_null() & text.is_not_null()
    return _first_unlike(
        pl.select(pl.when(date).then(KINDS.index(DATES)).otherwise(place).alias("place"))["place"], stamp
    )


def _first_unlike(place: pl.Series, stamp: pl.Series) -> tuple[int, str]:
    if place.drop_nulls().n_unique() < 2:  # some blocks hold days alone, others do not
        place = _place_of_days(stamp, place)
    first = int(place.drop_nulls()[0])
    return int((place != first).fill_null(value=False).arg_true()[0]), KINDS[first]


def _place_of_days(stamp: pl.Series, place: pl.Series) -> pl.Series:
    """The unit of each number, where a day as yyyymmdd is one."""
    return pl.select(pl.when(_days(stamp).is_not_null()).then(KINDS.index(DAYS)).otherwise(place).alias("place"))[
        "place"
    ]


def _place_of_unit(stamp: pl.Series) -> pl.Series:
    """The unit of each unix time as its place in `UNITS`; null for 0 and for none."""
    size = pl.col("size")
    place = pl.sum_horizontal(size >= start for start in (MILLISECONDS_FROM, MICROSECONDS_FROM, NANOSECONDS_FROM))
    frame = pl.DataFrame({"size": stamp.cast(pl.Float64).abs()})
    return frame.select(place=pl.when(size > 0).then(place))["place"]


def _days_as_seconds(stamp: pl.Series) -> pl.Series | None:
    """Unix seconds of days as yyyymmdd, Float64; None where a number is none, as unix seconds of our days are not."""
    lowest, highest = stamp.min(), stamp.max()
    if lowest is None or not FIRST_DAY <= lowest <= highest <= LAST_DAY:  # type: ignore[operator]  # of numbers
        return None
    days = _days(stamp)
    if days.null_count() > stamp.null_count():
        return None
    return days.cast(pl.Datetime("us")).dt.epoch("s").cast(pl.Float64).alias("time")


def _days(stamp: pl.Series) -> pl.Series:
    """The day that each number says as yyyymmdd; null where it says none from 1900 to 2100."""
    number = stamp.cast(pl.Int64, strict=False)
    says = number.is_between(FIRST_DAY, LAST_DAY) & (number == stamp)
    day = number.cast(pl.String).str.to_date("%Y%m%d", strict=False)
    return pl.select(pl.when(says).then(day).alias("time"))["time"]


def _dates_as_seconds(text: pl.Series) -> pl.Series:
    """Unix seconds of ISO dates, Float64; UTC where a date names no zone; null for what is none."""
    seconds = pl.Series("time", [None], dtype=pl.Float64).new_from_index(0, len(text))
    for form in FORMS:
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
