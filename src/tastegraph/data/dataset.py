"""A data set as its source has it, and its positives divided as a recipe says."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tastegraph.data.cleaning import CleaningConfig, clean
from tastegraph.data.division import divide, gives_test
from tastegraph.data.splits import Split
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from tastegraph.data.cleaning import Removed
    from tastegraph.data.interactions import Interactions
    from tastegraph.data.splits import SplitConfig

__all__ = ["Dataset"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set as its source has it.

    Attributes:
        name: the known name, or the file's or folder's.
        path: where it was read from.
        interactions: every unique (user, item) pair, below the threshold or not, of every part.
        published_test: which pairs a published split holds out, bool [n], or None.
        user_table: user features by column user, or None.
        item_table: film features by column item (item, title, year, genres), or None.
        duplicates: rows dropped because they repeat a (user, item) pair.
        understood: how the source was read, for people.
        digests: SHA-256 of each file read.
        given_part: FIT, VALIDATION or TEST of each pair, uint8 [n], where a column of the source says so, or None.
    """

    name: str
    path: Path
    interactions: Interactions
    published_test: NDArray[np.bool_] | None
    user_table: pl.DataFrame | None
    item_table: pl.DataFrame | None
    duplicates: int
    understood: str
    digests: dict[str, str]
    given_part: NDArray[np.uint8] | None = None

    def __repr__(self) -> str:
        rated = self.interactions
        counts = f"{len(rated.users):,} users, {len(rated.items):,} items, {len(rated):,} interactions"
        return f"Dataset({self.name!r}, {counts})"

    @property
    def digest(self) -> str:
        """One SHA-256 over the names and digests of all files."""
        lines = (f"{digest}  {name}\n" for name, digest in sorted(self.digests.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def split(self, threshold: float | None, config: SplitConfig, cleaning: CleaningConfig | None = None) -> Split:
        """Positives in fit, validation and test: as published, or by the method of `config`.

        Raises:
            DataError: nothing is positive, or the method does not suit the data.
        """
        return self.divided(threshold, config, cleaning or CleaningConfig())[0]

    def divided(
        self, threshold: float | None, config: SplitConfig, cleaning: CleaningConfig
    ) -> tuple[Split, tuple[Removed, ...]]:
        """The same, and what each step of cleaning removed.

        Raises:
            DataError: as `split`; or a published split is to be cleaned, which would no longer be the published one.
        """
        if self.published_test is not None and cleaning != CleaningConfig():
            raise DataError("a published split is taken as it is; cleaning it would make another", path=self.path)
        if self.published_test is not None and config.method != "ratio":
            raise DataError(
                f"a published split is taken as it is; split.method {config.method} would make another", path=self.path
            )
        if self.interactions.place is None and config.held_out == "last":
            raise DataError(
                "split.held_out last needs a published split, whose lists have an order; leave it out, and where there "
                "are times take split.method user-time, which holds out the end of each list too",
                path=self.path,
            )
        try:
            kept, removed = clean(self.interactions, threshold, cleaning)
            positives = self.interactions if kept.all() else self.interactions.where(kept)
            part = divide(
                positives,
                config,
                folder=self.path,
                digest=self.digest,
                published_test=None if self.published_test is None else self.published_test[kept],
                given_part=None if self.given_part is None else self.given_part[kept],
            )
            return Split.of(positives, part), removed
        except DataError as error:
            raise error if error.path is not None else DataError(error.message, path=self.path) from None

    def gives_test(self, config: SplitConfig) -> bool:
        """Whether the test part is given and validation is held out of the rest, to be learned from in the end."""
        return gives_test(config, self.published_test, self.given_part)
