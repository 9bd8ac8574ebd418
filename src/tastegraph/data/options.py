"""What a user says about a file: which columns hold what, and which tables of features go with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from tastegraph.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ColumnOptions", "Duplicates", "ReadOptions"]

# Which of several rows of one (user, item) pair counts.
Duplicates = Literal["last", "first", "highest", "refuse"]


class ColumnOptions(BaseModel):
    """Columns by the name they have in the file, or by their position from 1; None: found by name.

    Attributes:
        user, item, rating, time: what each column holds. "none" for rating or time leaves such a column unread.
        part: the column that says which part of a split a row is in (fit or train, validation or valid, test);
            read only where it is named.
        header: whether the first line holds names. Without it the columns are user, item, rating and time in
            this order, or stand where the positions say.
        delimiter: what stands between two fields; found in the header by default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    user: str | None = None
    item: str | None = None
    rating: str | None = None
    time: str | None = None
    part: str | None = None
    header: bool = True
    delimiter: str | None = None

    @model_validator(mode="after")
    def _possible(self) -> ColumnOptions:
        if "none" in (self.user, self.item):
            raise ValueError("user and item cannot be left out")
        if self.delimiter is not None and not _is_delimiter(self.delimiter):
            raise ValueError("a delimiter is one ASCII character, or one repeated as in ::, and no quotation mark")
        return self

    def must_be_unsaid(self, path: Path) -> None:
        """Refuse what was said of columns, for a folder whose layout says what they are.

        Raises:
            DataError: something was said.
        """
        if self != ColumnOptions():
            raise DataError("its layout says what its columns are; options of columns are for a single file", path=path)


def _is_delimiter(text: str) -> bool:
    return len(set(text)) == 1 and text.isascii() and text[0] not in '"\r\n'


class ReadOptions(BaseModel):
    """How a source is read.

    Attributes:
        columns: which column holds what.
        duplicates: of several rows of one (user, item) pair, which counts: the last by time (without time, the last
            row), the first, the highest rated, or none: "refuse" makes a repeated pair an error.
        item_features: a file with a column of item ids and others about them, joined by id.
        user_features: the same for users.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: ColumnOptions = ColumnOptions()
    duplicates: Duplicates = "last"
    item_features: str | None = None
    user_features: str | None = None
