"""Tables of features by id: what a user's own files, RecBole's and MovieLens' say about users and items."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from tastegraph.data.feature_files import read_table
from tastegraph.data.opened import opened
from tastegraph.data.roles import plain_name
from tastegraph.data.titles import split_title

if TYPE_CHECKING:
    from pathlib import Path

    from tastegraph.data.feature_files import Told
    from tastegraph.data.vocabulary import Vocabulary

__all__ = ["read_features", "with_ids_of"]

# Columns that lists and reports know, by the names people give them.
KNOWN = {
    "title": ("title", "name", "movietitle", "itemname"),
    "year": ("year", "releaseyear"),
    "genres": ("genres", "genre"),
}


def read_features(path: Path, role: str, chosen: str | None, *, known_names: bool = True) -> pl.DataFrame:
    """A table of features: the id first (as `role`, String, unique), then the other columns under their own names.

    Of an item's table a title, a year and genres are known by name: a year in brackets is taken out of the title
    where no column has it, and genres are split at |.

    Args:
        path: a CSV, TSV, Parquet or JSON lines file, plain, .gz or .zst, or RecBole's .item or .user.
        role: "user" or "item".
        chosen: the column with the ids, where the user named it.
        known_names: whether to look for title, year and genres.

    Raises:
        DataError: the file cannot be read, has no column of ids, an id that is empty or stands twice, or a year that
            is no number.
    """
    with opened(path) as file:
        table = read_table(file, role, chosen)
    features, kinds = table.features, table.kinds
    if not features.width:
        return table.ids.alias(role).to_frame()
    features = features.select(_listed(features[name], kinds.get(name, "")) for name in features.columns)
    if role == "item" and known_names:
        features = _with_known_names(features, table.told)
    return features.insert_column(0, table.ids.alias(role))


def with_ids_of(vocabulary: Vocabulary, table: pl.DataFrame | None) -> pl.DataFrame | None:
    """A table of features with its ids (the first column) as the vocabulary writes them."""
    if table is None or vocabulary.ids.dtype == pl.String:
        return table
    key = table.columns[0]
    numbers = pl.col(key).cast(vocabulary.ids.dtype, strict=False)
    return table.filter(numbers.cast(pl.String) == pl.col(key)).with_columns(numbers)  # 007 is not 7


def _listed(column: pl.Series, kind: str) -> pl.Series:
    """A column by its plain RecBole name, with numbers and lists as such."""
    named = column.alias(column.name.partition(":")[0] if kind else column.name)
    if named.dtype != pl.String:
        return named
    if kind.endswith("_seq"):
        return named.str.split(" ")
    if kind == "token":
        return named
    known = named.drop_nulls()
    if known.str.contains(r"^[+-]?0\d").any():  # 01234 is a name, such as a zip code
        return named
    for number in (pl.Int64, pl.Float64):
        if known.cast(number, strict=False).null_count() == 0:
            return named.cast(number)
    return named


def _with_known_names(table: pl.DataFrame, told: Told) -> pl.DataFrame:
    """The table with title, year and genres under these names and in these types, where it has them."""
    plain = {plain_name(name): name for name in table.columns}
    for known, aliases in KNOWN.items():
        found = next((plain[alias] for alias in aliases if alias in plain), None)
        if found is not None and known not in table.columns:
            table = table.rename({found: known})
    if "genres" in table.columns and table["genres"].dtype == pl.String:
        table = table.with_columns(
            genres=pl.Series([_genres(text) for text in table["genres"]], dtype=pl.List(pl.String))
        )
    if "title" in table.columns:
        table = table.with_columns(pl.col("title").cast(pl.String))
        if "year" not in table.columns:
            parts = [(None, None) if text is None else split_title(text) for text in table["title"]]
            if any(year is not None for _, year in parts):
                titles, years = zip(*parts, strict=True)
                table = table.with_columns(
                    title=pl.Series(titles, dtype=pl.String), year=pl.Series(years, dtype=pl.Int32)
                )
    if "year" in table.columns:
        table = table.with_columns(_years(table["year"], told))
    first = [name for name in KNOWN if name in table.columns]
    return table.select(*first, *(name for name in table.columns if name not in first))


def _years(cells: pl.Series, told: Told) -> pl.Series:
    """Years as numbers.

    Raises:
        DataError: a cell is none.
    """
    years = cells.cast(pl.Int32, strict=False)
    odd = years.is_null() & cells.is_not_null()
    if odd.any():
        row = int(odd.arg_true()[0])
        raise told(f"expected a number as year, found {cells[row]!r}", row)
    return years


def _genres(text: str | None) -> list[str]:
    return [] if text in {None, "", "(no genres listed)"} else str(text).split("|")
