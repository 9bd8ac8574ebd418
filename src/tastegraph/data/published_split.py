"""Read a published split: a folder with train.txt and test.txt, a line a user: `user item item ...`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from tastegraph.data.counted import counted
from tastegraph.data.line_faults import first_undecodable_line
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["is_published_split", "left_unread", "read_published_split"]

VALIDATION_NAMES = ("valid.txt", "validation.txt", "val.txt", "dev.txt")


def is_published_split(folder: Path) -> bool:
    """Whether `folder` holds train.txt and test.txt."""
    return (folder / "train.txt").exists() and (folder / "test.txt").exists()


def left_unread(folder: Path) -> str | None:
    """The name of a file that looks like a validation part, which is not read: validation is held out of train.txt."""
    return next((name for name in VALIDATION_NAMES if (folder / name).exists()), None)


def read_published_split(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The (user, item) pairs of train.txt and of test.txt, ids as strings, in the files' order.

    A line with a user alone is a user without items in that part.

    Raises:
        DataError: a file is empty or not UTF-8, or the two parts share a pair (the line in test.txt is named).
    """
    train, test = (_read_lists(folder / name) for name in ("train.txt", "test.txt"))
    shared = test.join(train, on=["user", "item"], how="semi")
    if len(shared):
        user, item, line = shared.select("user", "item", "line").row(0)
        raise DataError(
            f"user {user}, item {item} is in train.txt too ({counted(len(shared), 'shared pair')}); "
            "a test pair must not be in the training part",
            path=folder / "test.txt",
            line=line,
        )
    return train.drop("line"), test.drop("line")


def _read_lists(path: Path) -> pl.DataFrame:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("is not UTF-8 text", path=path, line=first_undecodable_line(path)) from error
    lines = pl.DataFrame({"text": text.split("\n")}).with_row_index("line", offset=1)
    ids = pl.col("text").str.extract_all(r"\S+")
    pairs = (
        lines.select("line", user=ids.list.first(), item=ids.list.slice(1))
        .filter(pl.col("item").list.len() > 0)
        .explode("item")
    )
    if pairs.is_empty():
        raise DataError("holds no pair; expected a line a user, ids separated by spaces: user item item ...", path=path)
    return pairs
