"""Read a folder in one of the layouts that MovieLens has been published in.

Each reader returns the ratings as a table of user, item, value, time, with the tables of user features (user, gender,
age, occupation, zip) and film features (item, title, year, genres) that the folder holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from tastegraph.data.delimited import Columns, first_undecodable_line, read_columns, read_with_header
from tastegraph.data.films import split_title
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
RECBOLE_USER = ("user_id", "gender", "age", "occupation", "zip_code")
RECBOLE_ITEM = ("item_id", "movie_title", "release_year", "class")


@dataclass(frozen=True, eq=False)
class RawRatings:
    """What a folder or file says, before ids become indices.

    Attributes:
        ratings: columns user, item and, optionally, value (Float32) and time (Float64 unix seconds).
        users: user features by column user (String, unique), or None.
        items: film features by column item (String, unique), or None.
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
    atomic = sorted(folder.glob("*.inter"))
    return _read_atomic(atomic[0]) if len(atomic) == 1 else None


def _read_100k(folder: Path) -> RawRatings:
    order = {"user": 0, "item": 1, "value": 2, "time": 3}
    ratings = read_columns(folder / "u.data", Columns("\t", order, width=4, header=False))
    genres = [fields[0] for _, fields in _lines(folder / "u.genre", "|", 2)]
    user_file = folder / "u.user"
    users = [
        (user, gender, _whole(age, "age", user_file, line), occupation, code)
        for line, (user, age, gender, occupation, code) in _lines(user_file, "|", 5)
    ]
    items = [
        (fields[0], fields[1], [name for name, flag in zip(genres, fields[5:], strict=True) if flag == "1"])
        for _, fields in _lines(folder / "u.item", "|", 5 + len(genres), encoding="latin-1")
    ]
    return RawRatings(ratings, _user_table(users), _item_table(items), "MovieLens 100K layout (u.data, u.item, u.user)")


def _read_1m(folder: Path) -> RawRatings:
    order = {"user": 0, "item": 1, "value": 2, "time": 3}
    ratings = read_columns(folder / "ratings.dat", Columns("::", order, width=4, header=False))
    users, user_file = None, folder / "users.dat"
    if user_file.exists():
        rows = _lines(user_file, "::", 5)
        users = _user_table(
            [
                (user, gender, _whole(age, "age", user_file, line), _occupation(job, user_file, line), code)
                for line, (user, gender, age, job, code) in rows
            ]
        )
    items = [
        (item, title, _genre_list(genres))
        for _, (item, title, genres) in _lines(folder / "movies.dat", "::", 3, encoding=_encoding(folder))
    ]
    return RawRatings(ratings, users, _item_table(items), "MovieLens 1M layout (ratings.dat, movies.dat, users.dat)")


def _encoding(folder: Path) -> str:
    """MovieLens 1M writes latin-1; MovieLens 10M, of the same layout, UTF-8."""
    try:
        (folder / "movies.dat").read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _read_csv(folder: Path) -> RawRatings:
    ratings, columns = read_with_header(folder / "ratings.csv")
    movies = folder / "movies.csv"
    items = None
    if movies.exists():
        rows = _named_columns(movies, ",", ("movieid", "title", "genres"))
        items = _item_table([(item, title, _genre_list(genres)) for item, title, genres in rows])
    return RawRatings(ratings, None, items, f"ratings.csv, {columns}")


def _read_atomic(inter: Path) -> RawRatings:
    ratings, columns = read_with_header(inter)
    user_file, item_file = inter.with_suffix(".user"), inter.with_suffix(".item")
    users = items = None
    if user_file.exists() and _has_columns(user_file, RECBOLE_USER):
        rows = _named_columns(user_file, "\t", RECBOLE_USER)
        users = _user_table(
            [
                (user, gender, _whole(age, "age", user_file, None), occupation, code)
                for user, gender, age, occupation, code in rows
            ]
        )
    if item_file.exists() and _has_columns(item_file, RECBOLE_ITEM):
        rows = _named_columns(item_file, "\t", RECBOLE_ITEM)
        items = _item_table([(item, _recbole_title(title, year), genres.split()) for item, title, year, genres in rows])
    return RawRatings(ratings, users, items, f"RecBole atomic files, {columns}")


def _has_columns(path: Path, names: tuple[str, ...]) -> bool:
    """Whether a RecBole feature file has the columns of the copy of ml-100k; others' features are left aside."""
    header = next((fields for _, fields in _lines(path, "\t", None)), [])
    return set(names) <= {_plain(name) for name in header}


def _named_columns(path: Path, delimiter: str, names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The rows of the named columns, as strings, "" for an empty cell."""
    try:
        quote = '"' if delimiter == "," else None
        table = pl.read_csv(path, separator=delimiter, infer_schema=False, quote_char=quote, glob=False)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"cannot be read ({str(error).splitlines()[0]})", path=path) from error
    found = {_plain(column): column for column in table.columns}
    missing = [name for name in names if name not in found]
    if missing:
        raise DataError(f"no {missing[0]} column among {', '.join(table.columns)}", path=path, line=1)
    return table.select(found[name] for name in names).fill_null("").rows()


def _plain(name: str) -> str:
    return name.split(":", maxsplit=1)[0].strip().lower()


def _recbole_title(title: str, year: str) -> str:
    """The title as MovieLens wrote it; RecBole split it at its last bracket and misspelled film 267, "unknown"."""
    return "unknown" if year == "unkonwn" else f"{title} ({year})"


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


def _lines(path: Path, delimiter: str, width: int | None, encoding: str = "utf-8") -> Iterator[tuple[int, list[str]]]:
    """Number and fields of each line that is not blank; each has `width` fields, where it is given."""
    try:
        with path.open(encoding=encoding, newline="\n") as file:
            for line, text in enumerate(file, start=1):
                fields = text.rstrip("\r\n").split(delimiter)
                if not text.strip():
                    continue
                if width is not None and len(fields) != width:
                    raise DataError(f"expected {width} fields, found {len(fields)}", path=path, line=line)
                yield line, fields
    except FileNotFoundError as error:
        raise DataError("no such file", path=path) from error
    except UnicodeDecodeError as error:
        raise DataError("is not UTF-8 text", path=path, line=first_undecodable_line(path)) from error


def _user_table(rows: list[tuple[str, str, int, str, str]]) -> pl.DataFrame:
    """Features by user, ids as strings; of a user that stands twice the last row counts."""
    names = ("user", "gender", "age", "occupation", "zip")
    schema = dict.fromkeys(names, pl.String) | {"age": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").unique("user", keep="last", maintain_order=True)


def _item_table(rows: list[tuple[str, str, list[str]]]) -> pl.DataFrame:
    """Features by item, ids as strings; of an item that stands twice the last row counts."""
    titles = [split_title(title) for _, title, _ in rows]
    return pl.DataFrame(
        {
            "item": pl.Series([item for item, _, _ in rows], dtype=pl.String),
            "title": pl.Series([title for title, _ in titles], dtype=pl.String),
            "year": pl.Series([year for _, year in titles], dtype=pl.Int32),
            "genres": pl.Series([genres for _, _, genres in rows], dtype=pl.List(pl.String)),
        }
    ).unique("item", keep="last", maintain_order=True)
