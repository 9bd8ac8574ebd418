"""Load a data set by name or path: the one door that everything else comes through."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from tastegraph.data.catalog import CATALOG
from tastegraph.data.delimited import Columns, read_columns, read_with_header
from tastegraph.data.fetch import locate
from tastegraph.data.interactions import Interactions
from tastegraph.data.movielens import RawRatings, read_movielens
from tastegraph.data.published_split import is_published_split, read_published_split
from tastegraph.data.splits import Split, SplitConfig, ratio_split
from tastegraph.errors import DataError
from tastegraph.files import sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from tastegraph.data.vocabulary import Vocabulary

__all__ = ["Dataset", "load"]


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

    @property
    def digest(self) -> str:
        """One SHA-256 over the names and digests of all files."""
        lines = (f"{digest}  {name}\n" for name, digest in sorted(self.digests.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def split(self, threshold: float | None, config: SplitConfig) -> Split:
        """Positives in fit, validation and test: by shares within each user, or as published.

        Raises:
            DataError: nothing is positive.
        """
        positives = self.interactions.positives(threshold)
        if not len(positives):
            highest = float(self.interactions.value.max()) if self.interactions.value is not None else 0.0
            raise DataError(
                f"no rating is {threshold:g} or more; the highest is {highest:g}. "
                "data.threshold sets where a positive begins; none takes every interaction",
                path=self.path,
            )
        if self.published_test is None:
            return Split.of(positives, ratio_split(positives.user, config.ratios, config.seed))
        held = config.ratios[1]
        part = ratio_split(positives.user, (1 - held, held, 0.0), config.seed, among=~self.published_test)
        return Split.of(positives, part)


def load(name_or_path: str, say: Callable[[str], None] = lambda _: None) -> Dataset:
    """Load a known data set by its name, or a file or folder by its path.

    Args:
        name_or_path: a name of the catalog, a CSV or TSV file with a header, a folder with train.txt and test.txt, or
            a folder in a MovieLens layout.
        say: told, a line at a time, about downloads.

    Raises:
        DataError: there is no such data, it fails its digest, or it cannot be read.
    """
    known = CATALOG.get(name_or_path)
    path = Path(name_or_path) if known is None else locate(known, say)
    if not name_or_path or not path.exists():
        names = ", ".join(CATALOG)
        near = difflib.get_close_matches(name_or_path, CATALOG, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise DataError(f"no such file or folder, nor a known data set ({names}){meant}", path=name_or_path or "''")
    name = known.name if known is not None else path.resolve().name if path.is_dir() else path.stem
    try:
        return _read(name, path)
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror or error})", path=error.filename or path) from error


def _read(name: str, path: Path) -> Dataset:
    if path.is_dir() and is_published_split(path):
        return _load_published(name, path)
    raw = read_movielens(path) if path.is_dir() else _read_file(path)
    if raw is None:
        raise DataError(
            "is not a folder we can read; expected train.txt and test.txt, or u.data, ratings.dat, ratings.csv "
            "or one .inter file",
            path=path,
        )
    interactions, duplicates = Interactions.from_frame(raw.ratings)
    return Dataset(
        name,
        path,
        interactions,
        None,
        _with_ids_of(interactions.users, raw.users),
        _with_ids_of(interactions.items, raw.items),
        duplicates,
        raw.understood,
        _digests(path),
    )


def _with_ids_of(vocabulary: Vocabulary, table: pl.DataFrame | None) -> pl.DataFrame | None:
    """A table of features with its ids (the first column) as the vocabulary writes them."""
    if table is None or vocabulary.ids.dtype == pl.String:
        return table
    key = table.columns[0]
    return table.with_columns(pl.col(key).cast(vocabulary.ids.dtype, strict=False)).drop_nulls(key)


def _read_file(path: Path) -> RawRatings:
    if path.suffix == ".dat":
        order = {"user": 0, "item": 1, "value": 2, "time": 3}
        return RawRatings(
            read_columns(path, Columns("::", order, width=4, header=False)),
            understood="::-separated",
        )
    ratings, columns = read_with_header(path)
    return RawRatings(ratings, understood=str(columns))


def _load_published(name: str, folder: Path) -> Dataset:
    train, test = read_published_split(folder)
    # The part rides along as "value" through the removal of repeated pairs.
    parts = pl.concat([train.with_columns(value=pl.lit(0.0)), test.with_columns(value=pl.lit(1.0))])
    interactions, duplicates = Interactions.from_frame(parts)
    assert interactions.value is not None  # noqa: S101 (for the type checker: the column was just added)
    held_out = interactions.value > 0
    implicit = Interactions(interactions.user, interactions.item, None, None, interactions.users, interactions.items)
    understood = "published split (train.txt, test.txt)"
    return Dataset(name, folder, implicit, held_out, None, None, duplicates, understood, _digests(folder))


def _digests(path: Path) -> dict[str, str]:
    files = [path] if path.is_file() else sorted(_data_files(path))
    return {file.name: sha256_of(file) for file in files}


def _data_files(folder: Path) -> list[Path]:
    names = {
        "u.data", "u.item", "u.user", "u.genre", "ratings.dat", "movies.dat", "users.dat", "ratings.csv",
        "movies.csv", "train.txt", "test.txt",
    }  # fmt: skip
    return [p for p in folder.iterdir() if p.name in names or p.suffix in {".inter", ".item", ".user"}]
