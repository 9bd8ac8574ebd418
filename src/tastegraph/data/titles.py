"""Titles of films as MovieLens writes them, with the year in brackets."""

from __future__ import annotations

import re

__all__ = ["split_title"]

_YEAR = re.compile(r"\s*\((\d{4})(?:[-–]\d{0,4})?\)")


def split_title(text: str) -> tuple[str, int | None]:
    """Title and year of "Toy Story (1995)"; the year is None where the text has none.

    The last year in brackets is taken out; what stands behind it stays: "Aladdin (1995) (V)" is "Aladdin (V)", 1995.
    """
    years = list(_YEAR.finditer(text))
    if not years:
        return text.strip(), None
    last = years[-1]
    return (text[: last.start()] + text[last.end() :]).strip(), int(last[1])
