"""Tables put into pages that people write, between two comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tastegraph.errors import RunError
from tastegraph.files import reason_of, write_whole

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BEGIN", "END", "check_page", "write_into"]

BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


def check_page(page: Path, begin: str = BEGIN, end: str = END) -> str:
    """What stands in a page that a table can be put into.

    Raises:
        RunError: it cannot be read or lacks one of the comments.
    """
    try:
        text = page.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise RunError(f"{page}: {reason_of(error) if isinstance(error, OSError) else 'is not UTF-8 text'}") from error
    if begin not in text or end not in text:
        raise RunError(f"{page}: needs the lines {begin} and {end}")
    return text


def write_into(page: Path, table: str, begin: str = BEGIN, end: str = END) -> None:
    """Replace what stands between a page's two comments, `begin` and `end`.

    Raises:
        RunError: as `check_page`.
    """
    text = check_page(page, begin, end)
    write_whole(page, f"{text.partition(begin)[0]}{begin}\n\n{table}\n{end}{text.partition(end)[2]}")
