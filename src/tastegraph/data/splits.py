"""Splits: which pairs the model learns from, which select it, which judge it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tastegraph.data.interactions import Interactions
from tastegraph.data.vocabulary import Vocabulary
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["FIT", "TEST", "VALIDATION", "HeldOut", "Split", "SplitConfig", "ratio_split"]

FIT: Final = 0
VALIDATION: Final = 1
TEST: Final = 2
PART_NAMES: Final = ("fit", "validation", "test")


class SplitConfig(BaseModel):
    """A random split of each user's positives; a published split keeps its own test part.

    Attributes:
        ratios: shares of fit, validation and test; they sum to 1. Of a published split's training part, the second
            share (0.1) is held out for selection.
        seed: seed of the draw.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ratios: tuple[float, float, float] = (0.8, 0.1, 0.1)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _shares(self) -> SplitConfig:
        if not (min(self.ratios) >= 0 and self.ratios[0] > 0 and abs(sum(self.ratios) - 1) < 1e-9):
            raise ValueError("ratios must be three shares of at least 0, the first above 0, that sum to 1")
        return self


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Pairs to be found, over the indices of the fit vocabulary.

    Attributes:
        user: user index of each pair, int32 [n].
        item: item index of each pair, int32 [n]; -1 for a cold item, which the fit part never saw.
        strangers: pairs left out because the fit part never saw their user.
    """

    user: NDArray[np.int32]
    item: NDArray[np.int32]
    strangers: int = 0

    def __len__(self) -> int:
        return len(self.user)

    @property
    def cold(self) -> int:
        """Number of pairs whose item the fit part never saw."""
        return int((self.item < 0).sum())


@dataclass(frozen=True, eq=False)
class Split:
    """Positives in three parts. The fit part's users and items are the vocabulary of all that follows.

    Attributes:
        fit: pairs that make the graph.
        validation: pairs that select the model.
        test: pairs that judge it, once.
        positives: all pairs, over the vocabularies of the source.
        part: FIT, VALIDATION or TEST of each of `positives`, uint8 [n].
    """

    fit: Interactions
    validation: HeldOut
    test: HeldOut
    positives: Interactions
    part: NDArray[np.uint8]

    @classmethod
    def of(cls, positives: Interactions, part: NDArray[np.uint8]) -> Split:
        """The split that puts pair n of `positives` into `part[n]`."""
        fit = positives.where(part == FIT).compact()
        if not len(fit):
            raise DataError("no positive is left to learn from")
        user = fit.users.index_of(positives.users.ids)[positives.user]
        item = fit.items.index_of(positives.items.ids)[positives.item]
        held = []
        for which in (VALIDATION, TEST):
            there = (part == which) & (user >= 0)
            held.append(HeldOut(user[there], item[there], int(((part == which) & (user < 0)).sum())))
        return cls(fit, held[0], held[1], positives, part)

    def refit(self) -> Split:
        """The same split with the validation part learned from: what a published figure is measured with."""
        return Split.of(self.positives, np.where(self.part == VALIDATION, FIT, self.part).astype(np.uint8))

    def known(self, *, validation: bool) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """User and item indices of what is masked when lists are judged: fit, and validation where asked."""
        if not validation:
            return self.fit.user, self.fit.item
        warm = self.validation.item >= 0
        return (
            np.concatenate([self.fit.user, self.validation.user[warm]]),
            np.concatenate([self.fit.item, self.validation.item[warm]]),
        )

    def save(self, path: Path) -> None:
        """Write the pairs as Parquet: user, item (original ids) and part (fit, validation, test)."""
        names = pl.Series("part", [PART_NAMES[part] for part in range(3)]).gather(self.part)
        self.positives.to_frame().select("user", "item").with_columns(part=names).write_parquet(path)

    @classmethod
    def load(cls, path: Path) -> Split:
        """Read what `save` wrote.

        Raises:
            DataError: the file is not such a table.
        """
        try:
            table = pl.read_parquet(path, columns=["user", "item", "part"], glob=False)
            part = table["part"].replace_strict(PART_NAMES, range(3), return_dtype=pl.UInt8).to_numpy()
        except (OSError, pl.exceptions.PolarsError) as error:
            raise DataError(f"is not a saved split ({str(error).splitlines()[0]})", path=path) from error
        if table.is_empty() or table["user"].null_count() or table["item"].null_count():
            raise DataError("is not a saved split (a pair lacks its user or item)", path=path)
        users, user = Vocabulary.of(table["user"])
        items, item = Vocabulary.of(table["item"])
        return cls.of(Interactions(user, item, None, None, users, items), part)


def ratio_split(
    user: NDArray[np.int32],
    ratios: tuple[float, float, float],
    seed: int,
    among: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """Put each pair into FIT, VALIDATION or TEST at random, by shares within each user.

    Counts are RecBole's: test and validation get floor(share x n); a share above 0 that comes to less than one pair
    gets one, test before validation, as long as fit keeps at least one.

    Args:
        user: user index of each pair, int32 [n].
        ratios: shares of fit, validation, test.
        seed: seed of the draw; the same seed and pairs give the same parts.
        among: pairs to split, bool [n]; the others become TEST. All, by default.

    Returns:
        The part of each pair, uint8 [n].
    """
    part = np.full(len(user), TEST, np.uint8)
    chosen = np.arange(len(user)) if among is None else np.flatnonzero(among)
    draw = np.random.default_rng(seed).random(len(chosen))
    order = chosen[np.lexsort((draw, user[chosen]))]
    _, start, n = np.unique(user[order], return_index=True, return_counts=True)
    fit, validation, _ = _part_sizes(n, ratios)
    place = np.arange(len(order)) - np.repeat(start, n)
    part[order] = np.where(
        place < np.repeat(fit, n),
        FIT,
        np.where(place < np.repeat(fit + validation, n), VALIDATION, TEST),
    )
    return part


def _part_sizes(
    n: NDArray[np.int64], ratios: tuple[float, float, float]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    validation = (ratios[1] * n).astype(np.int64)
    test = (ratios[2] * n).astype(np.int64)
    fit = n - validation - test
    for share, held in ((ratios[2], test), (ratios[1], validation)):
        lifted = (fit > 1) & (share > 0) & (share * n < 1)
        held[lifted] += 1
        fit[lifted] -= 1
    return fit, validation, test
