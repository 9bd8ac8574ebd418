"""Read a folder in one of the layouts that MovieLens has been published in.

Each reader returns the ratings as a table of user, item, value, time, with the tables of user features (user, gender,
age, occupation, zip) and film features (item, title, year, genres) that the folder holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from tastegraph.data.delimited import Columns, read_columns, read_with_header
from tastegraph.data.films import split_title
from tastegraph.data.vocabulary import canonical_ids
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["RawRatings", "read_movielens"]

# users.dat of MovieLens 1M writes occupations as numbers; its README gives these words.
OCCUPATIONS_1M = (
    "other", "academic/educator", "artist", "clerical/admin", "college/grad student", "customer service",
    "doctor/health care", "executive/managerial", "farmer", "homemaker", "K-12 student", "lawyer", "programmer",
    "retired", "sales/marketing", "scientist", "self-employed", "technician/engineer", "tradesman/craftsman",
    "unemployed", "writer",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class RawRatings:
    """What a folder or file says, before ids become indices.

    Attributes:
        ratings: columns user, item and, optionally, value (Float32) and time (Int64 unix seconds).
        users: user features by column user, or None.
        items: film features by column item, or None.
        understood: how the source was read, for people.
    """

    ratings: pl.DataFrame
    users: pl.DataFrame | None = None
    items: pl.DataFrame | None = None
    understood: str = ""


def read_movielens(folder: Path) -> RawRatings | None:
    """Read a MovieLens folder, or a RecBole folder of atomic files; None where `folder` is neither.

    Raises:
        DataError: a file of the layout is damaged, with its line.
    """
    if (folder / "u.data").exists():
        return _read_100k(folder)
    if (folder / "ratings.dat").exists():
        return _read_1m(folder)
    if (folder / "ratings.csv").exists():
        return _read_csv(folder)
    atomic = folder / f"{folder.name}.inter"
    return _read_atomic(atomic) if atomic.exists() else None


def _read_100k(folder: Path) -> RawRatings:
    order = {"user": 0, "item": 1, "value": 2, "time": 3}
    ratings = read_columns(folder / "u.data", Columns("\t", order, width=4, header=False))
    genres = [fields[0] for _, fields in _lines(folder / "u.genre", "|", 2)]
    users = [
        (user, gender, int(age), occupation, code)
        for _, (user, age, gender, occupation, code) in _lines(folder / "u.user", "|", 5)
    ]
    items = [
        (
            fields[0],
            fields[1],
            [name for name, flag in zip(genres, fields[5:], strict=True) if flag == "1"],
        )
        for _, fields in _lines(folder / "u.item", "|", 5 + len(genres), encoding="latin-1")
    ]
    return RawRatings(
        ratings,
        _user_table(users),
        _item_table(items),
        "MovieLens 100K layout (u.data, u.item, u.user)",
    )


def _read_1m(folder: Path) -> RawRatings:
    order = {"user": 0, "item": 1, "value": 2, "time": 3}
    ratings = read_columns(folder / "ratings.dat", Columns("::", order, width=4, header=False))
    users = None
    if (folder / "users.dat").exists():
        users = _user_table(
            [
                (user, gender, int(age), OCCUPATIONS_1M[int(job)], code)
                for _, (user, gender, age, job, code) in _lines(folder / "users.dat", "::", 5)
            ]
        )
    items = [
        (item, title, _genre_list(genres))
        for _, (item, title, genres) in _lines(folder / "movies.dat", "::", 3, encoding=_encoding(folder))
    ]
    return RawRatings(
        ratings,
        users,
        _item_table(items),
        "MovieLens 1M layout (ratings.dat, movies.dat, users.dat)",
    )


def _encoding(folder: Path) -> str:
    """MovieLens 1M writes latin-1; MovieLens 10M, of the same layout, UTF-8."""
    try:
        (folder / "movies.dat").read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _read_csv(folder: Path) -> RawRatings:
    ratings, columns = read_with_header(folder / "ratings.csv")
    items = None
    movies = folder / "movies.csv"
    if movies.exists():
        table = pl.read_csv(movies, infer_schema=False)
        items = _item_table([(item, title, _genre_list(genres)) for item, title, genres in table.iter_rows()])
    return RawRatings(ratings, None, items, f"ratings.csv, {columns}")


def _read_atomic(inter: Path) -> RawRatings:
    ratings, columns = read_with_header(inter)
    user_file, item_file = inter.with_suffix(".user"), inter.with_suffix(".item")
    users = items = None
    if user_file.exists():
        users = _user_table(
            [
                (user, gender, int(age), occupation, code)
                for line, (user, age, gender, occupation, code) in _lines(user_file, "\t", 5)
                if line > 1
            ]
        )
    if item_file.exists():
        items = _item_table(
            [
                (item, _recbole_title(title, year), genres.split())
                for line, (item, title, year, genres) in _lines(item_file, "\t", 4)
                if line > 1
            ]
        )
    return RawRatings(ratings, users, items, f"RecBole atomic files, {columns}")


def _recbole_title(title: str, year: str) -> str:
    """The title as MovieLens wrote it; RecBole split it at its last bracket and misspelled film 267, "unknown"."""
    return "unknown" if year == "unkonwn" else f"{title} ({year})"


def _genre_list(text: str) -> list[str]:
    return [] if text in {"", "(no genres listed)"} else text.split("|")


def _lines(path: Path, delimiter: str, width: int, encoding: str = "utf-8") -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding=encoding, newline="\n") as file:
            for line, text in enumerate(file, start=1):
                fields = text.rstrip("\r\n").split(delimiter)
                if not text.strip():
                    continue
                if len(fields) != width:
                    raise DataError(f"expected {width} fields, found {len(fields)}", path=path, line=line)
                yield line, fields
    except FileNotFoundError as error:
        raise DataError("no such file", path=path) from error
    except UnicodeDecodeError as error:
        raise DataError("is not UTF-8 text", path=path) from error


def _user_table(rows: list[tuple[str, str, int, str, str]]) -> pl.DataFrame:
    table = pl.DataFrame(rows, schema=["user", "gender", "age", "occupation", "zip"], orient="row")
    return table.with_columns(canonical_ids(table["user"]))


def _item_table(rows: list[tuple[str, str, list[str]]]) -> pl.DataFrame:
    titles = [split_title(title) for _, title, _ in rows]
    return pl.DataFrame(
        {
            "item": canonical_ids(pl.Series([item for item, _, _ in rows], dtype=pl.String)),
            "title": pl.Series([title for title, _ in titles], dtype=pl.String),
            "year": pl.Series([year for _, year in titles], dtype=pl.Int32),
            "genres": pl.Series([genres for _, _, genres in rows], dtype=pl.List(pl.String)),
        }
    )
