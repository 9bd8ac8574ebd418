"""Splits: which pairs the model learns from, which select it, which judge it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tastegraph.data.cleaning import Moment, moment
from tastegraph.data.interactions import Interactions
from tastegraph.data.split_methods import FIT, TEST, VALIDATION, ratio_split
from tastegraph.data.vocabulary import Vocabulary
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = [
    "FIT",
    "TEST",
    "VALIDATION",
    "HeldOut",
    "Split",
    "SplitConfig",
    "SplitMethod",
    "digest_in",
    "ratio_split",
    "read_parts",
]

PART_NAMES: Final = ("fit", "validation", "test")
DATA_DIGEST: Final = "tastegraph.data"  # key of the data's digest in a saved split
SplitMethod = Literal["ratio", "leave-one-out", "time", "user-time", "folds", "shipped", "column", "file"]


class SplitConfig(BaseModel):
    """How positives are split; a published split keeps its own test part, whatever the method.

    Attributes:
        method: "ratio", at random by shares within each user; "leave-one-out", each user's last pair by time; "time",
            one cut through time for everybody; "user-time", the last pairs of each user by shares (other users'
            future leaks); "folds", random folds; "shipped", a fold that comes with the data (ml-100k: u1 to u5, ua,
            ub); "column", what data.columns.part says; "file", a saved split.
        ratios: shares of fit, validation and test; they sum to 1. Where the test part is given (published, shipped,
            folds, or a column without validation), the second share of the rest is held out for selection.
        held_out: which pairs those are where a published split gives the test part: "random", or "last", the last of
            each user's list in train.txt, which are more like the test part where the lists are in order of time.
        seed: seed of the draw.
        validation_since, test_since: for "time", the moments that validation and test begin (ISO date or time, or unix
            seconds); by default those that make the shares.
        folds, fold: for "folds", their number and the one that is the test part, from 1.
        shipped: for "shipped", its name.
        file: for "file", its path.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    method: SplitMethod = "ratio"
    ratios: tuple[float, float, float] = (0.8, 0.1, 0.1)
    held_out: Literal["random", "last"] = "random"
    seed: int = Field(default=0, ge=0)
    validation_since: Moment | None = None
    test_since: Moment | None = None
    folds: int = Field(default=5, ge=2)
    fold: int = Field(default=1, ge=1)
    shipped: str | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _shares(self) -> SplitConfig:
        if not (min(self.ratios) >= 0 and self.ratios[0] > 0 and abs(sum(self.ratios) - 1) < 1e-9):
            raise ValueError("ratios must be three shares of at least 0, the first above 0, that sum to 1")
        if self.fold > self.folds:
            raise ValueError(f"fold must be from 1 to {self.folds}, the number of folds")
        for method in ("shipped", "file"):
            if (self.method == method) != (getattr(self, method) is not None):
                raise ValueError(f"method {method} and {method} go together: split.{method} names it")
        if self.validation_since is not None and self.test_since is None:
            raise ValueError("validation_since needs test_since")
        if self.validation_since and self.test_since and moment(self.validation_since) > moment(self.test_since):
            raise ValueError("validation_since must not be after test_since")
        if self.test_since is not None and self.method != "time":
            raise ValueError("test_since belongs to method time")
        return self

    @property
    def warning(self) -> str | None:
        """What a reader of the figures must know of the method, or None."""
        if self.method == "user-time":
            return (
                "split by time within each user: what others did later is learned from, so the future leaks and "
                "figures are too good; method time cuts once for everybody"
            )
        return None


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
        """The split that puts pair n of `positives` into `part[n]`.

        Raises:
            DataError: nothing is left to learn from.
        """
        fit = positives.where(part == FIT).compact()
        if not len(fit):
            raise DataError("no positive is left to learn from: the fit part is empty")
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
        """User and item, int32 [m] each, of what is masked when lists are judged: fit, and validation where asked."""
        if not validation:
            return self.fit.user, self.fit.item
        warm = self.validation.item >= 0
        return (
            np.concatenate([self.fit.user, self.validation.user[warm]]),
            np.concatenate([self.fit.item, self.validation.item[warm]]),
        )

    def save(self, path: Path, digest: str = "") -> None:
        """Write the pairs as Parquet: user, item (original ids) and part (fit, validation, test).

        Args:
            path: the file.
            digest: digest of the data, kept in the file's metadata under "tastegraph.data".
        """
        names = pl.Series("part", [PART_NAMES[part] for part in range(3)]).gather(self.part)
        table = self.positives.to_frame().select("user", "item").with_columns(part=names)
        table.write_parquet(path, metadata={DATA_DIGEST: digest})

    @classmethod
    def load(cls, path: Path) -> Split:
        """Read what `save` wrote.

        Raises:
            DataError: the file is not such a table.
        """
        table, part = read_parts(path)
        users, user = Vocabulary.of(table["user"])
        items, item = Vocabulary.of(table["item"])
        try:
            return cls.of(Interactions(user, item, None, None, users, items), part)
        except DataError as error:
            raise DataError(error.message, path=path) from None


def read_parts(path: Path) -> tuple[pl.DataFrame, NDArray[np.uint8]]:
    """The pairs of a saved split (columns user and item, original ids), and the part of each, uint8 [n].

    Raises:
        DataError: the file is not such a table.
    """
    try:
        table = pl.read_parquet(path, columns=["user", "item", "part"], glob=False)
        part = table["part"].replace_strict(PART_NAMES, range(3), return_dtype=pl.UInt8).to_numpy()
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise DataError(f"is not a saved split ({str(error).splitlines()[0]})", path=path) from error
    if table.is_empty() or table["user"].null_count() or table["item"].null_count():
        raise DataError("is not a saved split (a pair lacks its user or item)", path=path)
    return table.select("user", "item"), part


def digest_in(path: Path) -> str:
    """The digest of the data that a saved split was made of, "" where it does not say.

    Raises:
        DataError: the file is none.
    """
    try:
        return pl.read_parquet_metadata(path).get(DATA_DIGEST, "")
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"is not a saved split ({str(error).splitlines()[0]})", path=path) from error
