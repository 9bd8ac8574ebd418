"""Read RecBole's atomic files: NAME.inter, with NAME.user and NAME.item beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from tastegraph.data.delimited import read_coded, understand
from tastegraph.data.features import read_features
from tastegraph.data.raw import RawRatings, understood_of
from tastegraph.data.titles import split_title

if TYPE_CHECKING:
    from pathlib import Path

    from tastegraph.data.options import ColumnOptions

__all__ = ["inter_of", "read_atomic"]

PEOPLE = ("gender", "age", "occupation", "zip")


def inter_of(folder: Path) -> Path | None:
    """The only .inter file of a folder, or None."""
    found = sorted(folder.glob("*.inter"))
    return found[0] if len(found) == 1 else None


def read_atomic(inter: Path, chosen: ColumnOptions) -> RawRatings:
    """Interactions of an .inter file, with the features of the .user and .item file beside it.

    Raises:
        DataError: a file is damaged, with its line.
    """
    columns = understand(inter, chosen)
    rows, units = read_coded(inter, columns)
    beside = {role: path for role in ("user", "item") if (path := inter.with_suffix(f".{role}")).exists()}
    tables = {role: read_features(path, role, f"{role}_id", known_names=False) for role, path in beside.items()}
    users, items = tables.get("user"), tables.get("item")
    users = None if users is None else _people(users)
    items = None if items is None else _films(items)
    understood = understood_of(f"RecBole atomic files, {columns}", rows, units)
    return RawRatings(rows, users, items, understood, (inter, *beside.values()))


def _people(users: pl.DataFrame) -> pl.DataFrame:
    """Age as a number and zip code under MovieLens' name, in MovieLens' order; others' features as they are."""
    if "zip_code" in users.columns:
        users = users.rename({"zip_code": "zip"})
    if "age" in users.columns and users["age"].dtype == pl.String:
        age = users["age"].cast(pl.Int64, strict=False)
        users = users if age.null_count() > users["age"].null_count() else users.with_columns(age)
    order = [name for name in PEOPLE if name in users.columns]
    return users.select("user", *order, *(name for name in users.columns[1:] if name not in order))


def _films(items: pl.DataFrame) -> pl.DataFrame:
    """Title, year and genres under these names where RecBole's conversion of MovieLens wrote them.

    RecBole split a title at its last bracket, whatever stood in it, and misspelled film 267 of 100K, "unknown".
    """
    if "class" in items.columns and items["class"].dtype == pl.List:
        items = items.rename({"class": "genres"})
    if "movie_title" not in items.columns or items["movie_title"].dtype != pl.List:
        return items
    title = items["movie_title"].list.join(" ").fill_null("")
    year = items["release_year"] if "release_year" in items.columns else pl.Series([None] * len(items), dtype=pl.String)
    films = [
        (name or None, None)
        if end is None
        else ("unknown", None)
        if end == "unkonwn"
        else split_title(f"{name} ({end})")
        for name, end in zip(title, year, strict=True)
    ]
    made = items.select(
        "item",
        title=pl.Series([name for name, _ in films], dtype=pl.String),
        year=pl.Series([year for _, year in films], dtype=pl.Int32),
    )
    return made.hstack(items.drop("item", "movie_title", "release_year", strict=False))
