"""Read delimited text line by line in Python, to say which line is at fault."""

from __future__ import annotations

import csv
import itertools
import re
from typing import TYPE_CHECKING, NoReturn

from tastegraph.data.columns import quote_of
from tastegraph.data.roles import REQUIRED
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tastegraph.data.columns import Columns

__all__ = ["LONE_CR", "blame_a_line", "blame_what_stops", "fields_of", "first_undecodable_line", "line_of", "records"]

LONE_CR = "a carriage return stands alone; expected lines that end in a line feed, with or without one before it"


LONE_QUOTE = (
    "a quotation mark stands inside a field; expected it doubled and the whole field in quotation marks, as in "
    '"5"" disk"'
)


def records(path: Path, columns: Columns) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields of each record, blank lines and the header included.

    Raises:
        DataError: a line is no text, or its quotation marks do not close.
    """
    encoding = "utf-8-sig" if columns.encoding == "utf-8" else columns.encoding
    try:
        with path.open(encoding=encoding, newline="\n") as file:
            yield from fields_of(path, file, columns.delimiter)
    except UnicodeDecodeError as error:
        raise DataError("is not UTF-8 text", path=path, line=first_undecodable_line(path)) from error


def fields_of(path: Path, file: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The fields of each record, with the number of its last line from 1.

    Raises:
        DataError: its quotation marks do not close.
    """
    if len(delimiter) > 1:
        for line, text in enumerate(file, start=1):
            yield line, text.rstrip("\r\n").split(delimiter) if text.strip() else []
        return
    if quote_of(delimiter) is None:
        reader = csv.reader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)
    else:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
    line = 0
    try:
        for fields in reader:
            line = reader.line_num
            yield line, fields
    except csv.Error as error:
        raise DataError(_in_words(error), path=path, line=line + 1) from error


def _in_words(error: csv.Error) -> str:
    said = str(error)
    if "new-line" in said:
        return LONE_CR
    if "unexpected end" in said:
        return "a quoted field is not closed"
    return f"is not delimited text ({said})"


def first_undecodable_line(path: Path) -> int | None:
    """Number of the first line that is not UTF-8, from 1."""
    with path.open("rb") as file:
        for line, raw in enumerate(file, start=1):
            try:
                raw.decode()
            except UnicodeDecodeError:
                return line
    return None


def line_of(path: Path, columns: Columns, row: int) -> int | None:
    """Number of the line that a row of the table stands in."""
    lines = (line for line, _ in records(path, columns))
    return next(itertools.islice(lines, row + (1 if columns.header else 0), None), None)


def blame_a_line(path: Path, columns: Columns) -> None:
    """Raise a `DataError` for the first line that is not made as the others are; return if there is none."""
    for number, (line, fields) in enumerate(records(path, columns)):
        blank = len(fields) < 2 and not "".join(fields).strip()
        if blank or (columns.header and number == 0):
            continue
        if len(fields) != columns.width:
            raise DataError(f"expected {columns.width} fields, found {len(fields)}", path=path, line=line)
        for role, at in columns.position.items():
            if role in REQUIRED and not fields[at].strip():
                raise DataError(f"the {role} id is empty", path=path, line=line)


def blame_what_stops(path: Path, columns: Columns, error: BaseException) -> NoReturn:
    """Raise a `DataError` for the line that made Polars give up, or else with what Polars said."""
    blame_a_line(path, columns)
    if (line := _first_lone_quote(path, columns)) is not None:
        raise DataError(LONE_QUOTE, path=path, line=line) from error
    raise DataError(f"cannot be read ({str(error).partition(chr(10))[0]})", path=path) from error


def _first_lone_quote(path: Path, columns: Columns) -> int | None:
    """Number of the first line with a quotation mark that neither encloses a field nor is doubled within one."""
    if columns.quote is None:
        return None
    between = re.escape(columns.delimiter)
    whole = re.compile(rf'(?:^|(?<={between}))"(?:[^"]|"")*"(?={between}|\r?\n|$)')
    with path.open(encoding=columns.encoding, newline="\n") as file:
        open_since, text = 0, ""
        for line, more in enumerate(file, start=1):
            open_since, text = open_since if text else line, text + more
            left = whole.sub("", text)
            if '"' not in left:
                text = ""
            elif not _may_go_on(left, columns.delimiter):
                return open_since
    return None


def _may_go_on(left: str, delimiter: str) -> bool:
    """Whether the first quotation mark opens a field, which ends in a later line."""
    before = left.partition('"')[0]
    return before == "" or before.endswith(delimiter)
