"""Where a delimited file keeps what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tastegraph.data.roles import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Columns", "quote_of"]


@dataclass(frozen=True)
class Columns:
    """Where a delimited file keeps what we read.

    Attributes:
        delimiter: the text between two fields.
        position: position of each of user, item, value, time that is there, from 0.
        width: number of fields in a line.
        header: whether the first line holds names.
        encoding: "utf-8" or "latin-1".
        names: what the header calls the columns.
    """

    delimiter: str
    position: Mapping[str, int]
    width: int
    header: bool
    encoding: str = "utf-8"
    names: tuple[str, ...] = ()

    @property
    def quote(self) -> str | None:
        """The mark around a field that holds the delimiter, where the dialect has one."""
        return quote_of(self.delimiter)

    def __str__(self) -> str:
        delimiter = {"\t": "tab", ",": "comma", ";": "semicolon", " ": "space"}.get(self.delimiter, self.delimiter)
        names = "" if self.header else "no header, "
        called = [self.names[at] for at in self.position.values()] if self.names else []
        roles = [OPTIONS[role] for role in self.position]
        unlike = f" (columns {', '.join(called)})" if called and called != roles else ""
        return f"{names}{delimiter}-separated: {', '.join(roles)}{unlike}"


def quote_of(delimiter: str) -> str | None:
    """The quotation mark of a dialect: tab- and ::-separated text has none, so that 6" stays 6"."""
    return None if delimiter == "\t" or len(delimiter) > 1 else '"'
