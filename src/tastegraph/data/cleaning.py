"""Cleaning: explicit steps between a source's ratings and the positives of a run; each says what it removed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import numpy as np
import polars as pl
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from tastegraph.data.counted import counted
from tastegraph.data.times import text_as_seconds
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tastegraph.data.interactions import Interactions

__all__ = ["CleaningConfig", "Moment", "Removed", "clean", "moment"]


def moment(text: str) -> float:
    """Unix seconds of an ISO date or time, or of a number.

    Raises:
        ValueError: it is neither.
    """
    seconds = text_as_seconds(pl.Series([text]))[0].item()
    if seconds is None:
        raise ValueError("expected an ISO date or time, or unix seconds")
    return float(seconds)


def _as_text(told: object) -> object:
    """TOML has dates and times of its own."""
    return told.isoformat() if isinstance(told, (date, datetime)) else told


def _readable(text: str) -> str:
    moment(text)
    return text


Moment = Annotated[str, BeforeValidator(_as_text), AfterValidator(_readable)]


class CleaningConfig(BaseModel):
    """Steps taken in this order, the rating threshold (data.threshold) before the last; by default none of them.

    Attributes:
        since: ratings from this moment on: an ISO date or time (UTC where it names no zone), or unix seconds.
        before: ratings before this moment.
        min_user_ratings: users with at least so many ratings.
        k_core: positives of which every user and every item has at least so many, the largest such set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    since: Moment | None = None
    before: Moment | None = None
    min_user_ratings: int = Field(default=0, ge=0)
    k_core: int = Field(default=0, ge=0)


@dataclass(frozen=True)
class Removed:
    """What a step took.

    Attributes:
        step: the step and its setting, such as "k_core 5".
        pairs, users, items: how many of each went; a user or item goes with the last of its pairs.
        left: pairs that stayed.
    """

    step: str
    pairs: int
    users: int
    items: int
    left: int

    def __str__(self) -> str:
        gone = ", ".join(counted(*each) for each in ((self.pairs, "pair"), (self.users, "user"), (self.items, "item")))
        return f"{self.step}: removed {gone}; {counted(self.left, 'pair')} left"


def clean(
    rated: Interactions, threshold: float | None, config: CleaningConfig
) -> tuple[NDArray[np.bool_], tuple[Removed, ...]]:
    """Which pairs are the positives of a run, bool [n], and what each step removed.

    Raises:
        DataError: a date range is asked for and the source has no times, or a step leaves nothing.
    """
    kept = np.ones(len(rated), bool)
    removed = []
    for step, stays in _steps(rated, kept, threshold, config):
        before = _counts(rated, kept)
        kept &= stays
        after = _counts(rated, kept)
        pairs, users, items = (was - now for was, now in zip(before, after, strict=True))
        removed.append(Removed(step, pairs, users, items, after[0]))
        if not after[0]:
            raise DataError(_why(rated, step, threshold))
    return kept, tuple(removed)


def _steps(
    rated: Interactions, kept: NDArray[np.bool_], threshold: float | None, config: CleaningConfig
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Each step and the pairs that stay; `kept` is what the steps before left."""
    if config.since is not None or config.before is not None:
        if rated.time is None:
            raise DataError("a date range is asked for (cleaning.since, cleaning.before), but there are no times")
        if config.since is not None:
            yield f"since {config.since}", rated.time >= moment(config.since)
        if config.before is not None:
            yield f"before {config.before}", rated.time < moment(config.before)
    if config.min_user_ratings > 1:
        counts = np.bincount(rated.user[kept], minlength=len(rated.users))
        yield f"min_user_ratings {config.min_user_ratings}", (counts >= config.min_user_ratings)[rated.user]
    if threshold is not None and rated.value is not None:
        yield f"threshold {threshold:g}", rated.value >= np.float32(threshold)
    if config.k_core > 1:
        yield f"k_core {config.k_core}", _core(rated, kept, config.k_core)


def _core(rated: Interactions, kept: NDArray[np.bool_], k: int) -> NDArray[np.bool_]:
    """The pairs left when users and items with fewer than k are taken out until none is."""
    stays = kept.copy()
    while True:
        per_user = np.bincount(rated.user[stays], minlength=len(rated.users))
        per_item = np.bincount(rated.item[stays], minlength=len(rated.items))
        fewer = stays & (per_user >= k)[rated.user] & (per_item >= k)[rated.item]
        if fewer.sum() == stays.sum():
            return stays
        stays = fewer


def _counts(rated: Interactions, kept: NDArray[np.bool_]) -> tuple[int, int, int]:
    """Pairs, users and items that are there."""
    users = np.bincount(rated.user[kept], minlength=1)
    items = np.bincount(rated.item[kept], minlength=1)
    return int(kept.sum()), int((users > 0).sum()), int((items > 0).sum())


def _why(rated: Interactions, step: str, threshold: float | None) -> str:
    if step.startswith("threshold") and rated.value is not None:
        highest = float(rated.value.max())
        return (
            f"no rating is {threshold:g} or more; the highest is {highest:g}. data.threshold sets where a positive "
            "begins; none takes every interaction"
        )
    return f"cleaning leaves nothing: {step}"
