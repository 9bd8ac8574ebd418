"""Load a data set by name or path: the one door that everything else comes through."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tastegraph.data.catalog import CATALOG, meant_by
from tastegraph.data.coded import CodedRows
from tastegraph.data.counted import counted
from tastegraph.data.dataset import Dataset
from tastegraph.data.delimited import read_coded, understand
from tastegraph.data.features import read_features, with_ids_of
from tastegraph.data.fetch import locate
from tastegraph.data.interactions import Interactions
from tastegraph.data.json_lines import read_json_lines
from tastegraph.data.movielens import read_movielens
from tastegraph.data.opened import STDIN, opened
from tastegraph.data.options import ReadOptions
from tastegraph.data.pairs import RepeatedPairError
from tastegraph.data.parquet import read_parquet
from tastegraph.data.published_split import is_published_split, left_unread, read_published_split
from tastegraph.data.raw import RawRatings, understood_of
from tastegraph.data.recbole import inter_of, read_atomic
from tastegraph.data.roles import OPTIONS
from tastegraph.data.row_lines import lines_of_rows
from tastegraph.data.splits import FIT, TEST
from tastegraph.errors import DataError, MissingDataError
from tastegraph.files import sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tastegraph.data.catalog import KnownDataset
    from tastegraph.data.opened import Opened

__all__ = ["load"]


def load(
    name_or_path: str | PathLike[str], say: Callable[[str], None] = lambda _: None, options: ReadOptions | None = None
) -> Dataset:
    """Load a known data set by its name, or a file or folder by its path.

    Args:
        name_or_path: a name of the catalog; a CSV, TSV, Parquet or JSON lines file, plain, .gz or .zst; `-` for
            standard input; a folder with train.txt and test.txt, in a MovieLens layout, or of RecBole's atomic files.
        say: told, a line at a time, about downloads.
        options: which column holds what, what repeated pairs mean, and feature tables to join.

    Raises:
        MissingDataError: there is no such data.
        DataError: it fails its digest, or it cannot be read; or an argument is of another type.
    """
    name_or_path, chosen = _as_asked(name_or_path, options)
    known = CATALOG.get(name_or_path)
    path = Path(name_or_path) if known is None else locate(known, say)
    if name_or_path != STDIN and (not name_or_path or not _exists(path)):
        names = ", ".join(CATALOG)
        meant = meant_by(name_or_path)
        message = f"no such file or folder, nor a known data set ({names}){meant}"
        raise MissingDataError(message, path=name_or_path or "''")
    name = known.name if known is not None else _name_of(path)
    try:
        dataset = _read(name, path, chosen)
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror or error})", path=error.filename or path) from error
    if known is not None and any(None in source.files.values() for source in known.sources):
        _must_count(dataset, known)  # no digest vouches for its files
    return dataset


def _as_asked(name_or_path: object, options: object) -> tuple[str, ReadOptions]:
    """The arguments of `load`, checked: a frame or a dictionary is a likely mistake."""
    if not isinstance(name_or_path, (str, PathLike)):
        kind = type(name_or_path).__name__
        raise DataError(f"expected a known data set's name or a path (str or Path) to load, found {kind}")
    if options is not None and not isinstance(options, ReadOptions):
        raise DataError(f"expected ReadOptions(...) as options, found {type(options).__name__}")
    return str(name_or_path), options or ReadOptions()


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # too long to be a name
        return False


def _name_of(path: Path) -> str:
    """A folder's name, or a file's without the endings that tell how it is packed."""
    if str(path) == STDIN:
        return "stdin"
    if path.is_dir():
        return path.resolve().name
    stem = path
    while stem.suffix.lower() in {".gz", ".zst", ".zstd"}:
        stem = stem.with_suffix("")
    return stem.stem


def _must_count(dataset: Dataset, known: KnownDataset) -> None:
    rated = dataset.interactions
    found = (len(rated.users), len(rated.items), len(rated))
    expected = (known.users, known.items, known.interactions)
    if found != expected:
        raise DataError(
            f"holds {counted(found[0], 'user')}, {counted(found[1], 'item')}, {counted(found[2], 'interaction')}; "
            f"published are {expected[0]:,}, {expected[1]:,}, {expected[2]:,}",
            path=dataset.path,
        )


def _read(name: str, path: Path, options: ReadOptions) -> Dataset:
    if str(path) != STDIN and path.is_dir() and is_published_split(path):
        options.columns.must_be_unsaid(path)
        return _with_features(_load_published(name, path), options)
    raw, digests = _read_folder(path, options) if path.is_dir() else _read_file(path, options)
    try:
        interactions, duplicates, part = Interactions.from_rows(raw.rows, options.duplicates)
    except RepeatedPairError as error:
        lines = lines_of_rows(path, options.columns, error.rows)
        raise (
            DataError(error.message, path=path) if lines is None else error.in_lines(lines[0], path, lines[1])
        ) from None
    dataset = Dataset(
        name,
        path,
        interactions,
        None,
        with_ids_of(interactions.users, raw.users),
        with_ids_of(interactions.items, raw.items),
        duplicates,
        raw.understood,
        digests,
        part,
    )
    return _with_features(dataset, options)


def _with_features(dataset: Dataset, options: ReadOptions) -> Dataset:
    """The data set with the tables of features that the user named, in place of the source's own."""
    rated = dataset.interactions
    columns = options.columns
    for role, source, vocabulary, chosen in (
        ("user", options.user_features, rated.users, columns.user),
        ("item", options.item_features, rated.items, columns.item),
    ):
        if source is None:
            continue
        path = Path(source)
        table = with_ids_of(vocabulary, read_features(path, role, chosen))
        assert table is not None  # noqa: S101 (for the type checker)
        found = int(table[role].is_in(vocabulary.ids.implode()).sum())
        if not found:
            raise DataError(f"none of its {role} ids is among the ratings' {role}s", path=path)
        features = "" if table.width > 1 else ", which holds ids alone and no features"
        understood = f"{dataset.understood}; {found:,} of {counted(len(vocabulary), role)} in {path.name}{features}"
        dataset = replace(dataset, understood=understood, digests=dataset.digests | {path.name: sha256_of(path)})
        dataset = replace(dataset, user_table=table) if role == "user" else replace(dataset, item_table=table)
    return dataset


def _read_folder(path: Path, options: ReadOptions) -> tuple[RawRatings, dict[str, str]]:
    raw = read_movielens(path, options.columns)
    if raw is None and (inter := inter_of(path)) is not None:
        raw = read_atomic(inter, options.columns)
    if raw is None:
        raise DataError(
            "is not a folder we can read; expected train.txt and test.txt, or u.data, ratings.dat, ratings.csv "
            "or one .inter file",
            path=path,
        )
    return raw, _digests(raw.files)


def _read_file(path: Path, options: ReadOptions) -> tuple[RawRatings, dict[str, str]]:
    if path.suffix == ".inter":
        raw = read_atomic(path, options.columns)
        return raw, _digests(raw.files)
    with opened(path) as file, ThreadPoolExecutor(1) as other:
        # A digest is read and reckoned beside the parsing.
        digest = other.submit(sha256_of, file.path if file.shown != path else path)
        raw = _read_opened(file, options)
        return raw, {"stdin" if str(path) == STDIN else path.name: digest.result()}


def _read_opened(file: Opened, options: ReadOptions) -> RawRatings:
    packed = f"{file.wrapping}, " if file.wrapping else ""
    if file.form == "text":
        layout = understand(file.path, options.columns, dat=file.shown.suffix == ".dat")
        rows, units = read_coded(file.path, layout)
        return RawRatings(rows, understood=understood_of(f"{packed}{layout}", rows, units))
    read = read_parquet if file.form == "parquet" else read_json_lines
    rows, names, units = read(file.path, options.columns)
    columns = ", ".join(f"{OPTIONS[role]} {name!r}" if OPTIONS[role] != name else name for role, name in names.items())
    what = "Parquet" if file.form == "parquet" else "JSON lines"
    return RawRatings(rows, understood=understood_of(f"{packed}{what}: {columns}", rows, units))


def _load_published(name: str, folder: Path) -> Dataset:
    train, test = read_published_split(folder)
    parts = pl.concat([train.with_columns(part=pl.lit(FIT)), test.with_columns(part=pl.lit(TEST))])
    placed = parts.with_columns(time=pl.int_range(pl.len()))  # carried along as a time, which the lists do not tell
    interactions, duplicates, part = Interactions.from_rows(CodedRows.from_frame(placed))
    assert part is not None  # noqa: S101 (for the type checker: the columns were just added)
    assert interactions.time is not None  # noqa: S101 (as well)
    place = interactions.time.astype(np.int64, copy=False)
    interactions = replace(interactions, time=None, place=place)
    understood = "published split (train.txt, test.txt)"
    if (unread := left_unread(folder)) is not None:
        understood += f", {unread} is not read: validation is held out of train.txt"
    digests = _digests([folder / "train.txt", folder / "test.txt"])
    return Dataset(name, folder, interactions, part == TEST, None, None, duplicates, understood, digests)


def _digests(files: Iterable[Path]) -> dict[str, str]:
    return {file.name: sha256_of(file) for file in sorted(files)}
