"""Read a folder in one of the layouts that MovieLens has been published in.

Each reader returns the ratings as a table of user, item, value, time, with the tables of user features (user, gender,
age, occupation, zip) and film features (item, title, year, genres) that the folder holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from tastegraph.data.columns import Columns
from tastegraph.data.delimited import read_coded, understand
from tastegraph.data.features import read_features
from tastegraph.data.line_faults import first_undecodable_line
from tastegraph.data.raw import RawRatings, understood_of
from tastegraph.data.titles import split_title
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tastegraph.data.options import ColumnOptions

__all__ = ["read_movielens"]

ORDER = {"user": 0, "item": 1, "value": 2, "time": 3}

# users.dat of MovieLens 1M writes occupations as numbers; its README gives these words.
OCCUPATIONS_1M = (
    "other", "academic/educator", "artist", "clerical/admin", "college/grad student", "customer service",
    "doctor/health care", "executive/managerial", "farmer", "homemaker", "K-12 student", "lawyer", "programmer",
    "retired", "sales/marketing", "scientist", "self-employed", "technician/engineer", "tradesman/craftsman",
    "unemployed", "writer",
)  # fmt: skip


def read_movielens(folder: Path, chosen: ColumnOptions) -> RawRatings | None:
    """Read a folder in one of MovieLens' layouts; None where `folder` has none of them.

    Args:
        folder: the folder.
        chosen: what the user said of columns; only ratings.csv leaves a choice.

    Raises:
        DataError: a file of the layout is damaged, with its line, or columns are chosen where there is no choice.
    """
    for name, read in (("u.data", _read_100k), ("ratings.dat", _read_1m)):
        if (folder / name).exists():
            chosen.must_be_unsaid(folder)
            return read(folder)
    if (folder / "ratings.csv").exists():
        return _read_csv(folder, chosen)
    return None


def _read_100k(folder: Path) -> RawRatings:
    data, item_file, user_file, genre_file = (folder / f"u.{what}" for what in ("data", "item", "user", "genre"))
    rows, _ = read_coded(data, Columns("\t", ORDER, width=4, header=False))
    genres = [fields[0] for _, fields in _lines(genre_file, "|", 2)]
    users = [
        (user, gender, _whole(age, "age", user_file, line), occupation, code)
        for line, (user, age, gender, occupation, code) in _lines(user_file, "|", 5)
    ]
    items = [
        (fields[0], fields[1], [name for name, flag in zip(genres, fields[5:], strict=True) if flag == "1"])
        for _, fields in _lines(item_file, "|", 5 + len(genres), encoding="latin-1")
    ]
    understood, files = "MovieLens 100K layout (u.data, u.item, u.user)", (data, item_file, user_file, genre_file)
    return RawRatings(rows, _user_table(users), _item_table(items), understood, files)


def _read_1m(folder: Path) -> RawRatings:
    ratings, movies, user_file = (folder / f"{what}.dat" for what in ("ratings", "movies", "users"))
    rows, _ = read_coded(ratings, Columns("::", ORDER, width=4, header=False))
    users, files = None, [ratings, movies]
    if user_file.exists():
        files.append(user_file)
        people = _lines(user_file, "::", 5)
        users = _user_table(
            [
                (user, gender, _whole(age, "age", user_file, line), _occupation(job, user_file, line), code)
                for line, (user, gender, age, job, code) in people
            ]
        )
    items = [
        (item, title, _genre_list(genres))
        for _, (item, title, genres) in _lines(movies, "::", 3, encoding=_encoding(movies))
    ]
    understood = f"MovieLens 1M layout ({', '.join(path.name for path in files)})"
    return RawRatings(rows, users, _item_table(items), understood, tuple(files))


def _encoding(movies: Path) -> str:
    """MovieLens 1M writes latin-1; MovieLens 10M, of the same layout, UTF-8."""
    try:
        movies.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _read_csv(folder: Path, chosen: ColumnOptions) -> RawRatings:
    path = folder / "ratings.csv"
    columns = understand(path, chosen)
    rows, units = read_coded(path, columns)
    movies = folder / "movies.csv"
    items, files = (read_features(movies, "item", None), (path, movies)) if movies.exists() else (None, (path,))
    return RawRatings(rows, None, items, understood_of(f"ratings.csv, {columns}", rows, units), files)


def _genre_list(text: str) -> list[str]:
    return [] if text in {"", "(no genres listed)"} else text.split("|")


def _whole(text: str, what: str, path: Path, line: int | None) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise DataError(f"expected a whole number as {what}, found {text!r}", path=path, line=line) from error


def _occupation(text: str, path: Path, line: int) -> str:
    number = _whole(text, "occupation", path, line)
    if not 0 <= number < len(OCCUPATIONS_1M):
        raise DataError(
            f"expected an occupation from 0 to {len(OCCUPATIONS_1M) - 1}, found {number}", path=path, line=line
        )
    return OCCUPATIONS_1M[number]


def _lines(path: Path, delimiter: str, width: int, encoding: str = "utf-8") -> Iterator[tuple[int, list[str]]]:
    """Number and fields of each line that is not blank; each has `width` fields, and the first is there once."""
    first_at: dict[str, int] = {}
    try:
        with path.open(encoding=encoding, newline="\n") as file:
            for line, text in enumerate(file, start=1):
                fields = text.rstrip("\r\n").split(delimiter)
                if not text.strip():
                    continue
                if len(fields) != width:
                    raise DataError(f"expected {width} fields, found {len(fields)}", path=path, line=line)
                if (before := first_at.setdefault(fields[0], line)) != line:
                    message = f"{fields[0]!r} stands in line {before} already; expected it once"
                    raise DataError(message, path=path, line=line)
                yield line, fields
    except FileNotFoundError as error:
        raise DataError("no such file", path=path) from error
    except UnicodeDecodeError as error:
        raise DataError("is not UTF-8 text", path=path, line=first_undecodable_line(path)) from error


def _user_table(rows: list[tuple[str, str, int, str, str]]) -> pl.DataFrame:
    """Features by user, ids as strings."""
    names = ("user", "gender", "age", "occupation", "zip")
    schema = dict.fromkeys(names, pl.String) | {"age": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _item_table(rows: list[tuple[str, str, list[str]]]) -> pl.DataFrame:
    """Features by item, ids as strings."""
    titles = [split_title(title) for _, title, _ in rows]
    return pl.DataFrame(
        {
            "item": pl.Series([item for item, _, _ in rows], dtype=pl.String),
            "title": pl.Series([title for title, _ in titles], dtype=pl.String),
            "year": pl.Series([year for _, year in titles], dtype=pl.Int32),
            "genres": pl.Series([genres for _, _, genres in rows], dtype=pl.List(pl.String)),
        }
    )
