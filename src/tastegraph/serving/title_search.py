"""Search by title that forgives typing errors: an index of n-grams finds candidates, closeness orders them."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz import fuzz

from tastegraph.serving.names import ARTICLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["TitleSearch", "spoken"]

CANDIDATES = 80  # titles with the most n-grams in common are looked at closely
CLOSE = 60.0  # of 100: what is less like the query is not offered
WORDS = re.compile(r"\w+")


def spoken(title: str) -> str:
    """A title as people say it: "Rock, The" is "The Rock"."""
    article = re.fullmatch(ARTICLE.pattern, title, re.IGNORECASE)
    return f"{article[2]} {article[1]}" if article else title


class TitleSearch:
    """Finds titles by their beginnings, their words and spellings near to them.

    Each word of a title is cut into its first one to three letters and all runs of three letters, marks and case taken
    off. A query's candidates are the titles that share the most of its runs; how they are ordered is `_closeness`.

    Args:
        titles: of each item, None where it has none.
        popularity: users of each item, which settles near ties, int64 [items].
    """

    def __init__(self, titles: Sequence[str | None], popularity: NDArray[np.int64]) -> None:
        self._plain = [" ".join(_words(spoken(title or ""))) for title in titles]
        self._weight = np.log1p(popularity) / max(float(np.log1p(popularity).max(initial=1)), 1e-9)
        found: dict[str, list[int]] = {}
        for index, plain in enumerate(self._plain):
            for run in _runs(plain):
                found.setdefault(run, []).append(index)
        self._of_run = {run: np.array(items, np.int32) for run, items in found.items()}

    def find(self, query: str, limit: int) -> list[int]:
        """Indices of at most `limit` items whose titles come nearest to a query, nearest first."""
        asked = " ".join(_words(query))
        lists = [self._of_run[run] for run in _runs(asked) if run in self._of_run]
        if not lists:
            return []
        shared = np.bincount(np.concatenate(lists), minlength=len(self._plain))
        reach = np.flatnonzero(shared)
        order = np.argsort(-(shared[reach] + self._weight[reach]), kind="stable")[: max(CANDIDATES, limit)]
        closeness = {int(item): self._closeness(asked, int(item)) for item in reach[order]}
        near = [item for item, close in closeness.items() if close >= CLOSE]
        return sorted(near, key=lambda item: -closeness[item])[:limit]

    def _closeness(self, asked: str, item: int) -> float:
        """0 to 110: likeness of letters, most for a whole title and its beginning; popularity settles ties."""
        plain = self._plain[item]
        begins = 8.0 if plain.startswith(asked) else 4.0 if f" {asked}" in plain else 0.0
        if begins:
            return 95.0 + begins + 4.0 * float(self._weight[item]) + (3.0 if plain == asked else 0.0)
        alike = max(fuzz.ratio(asked, plain), 0.95 * fuzz.token_set_ratio(asked, plain), 0.9 * _best_part(asked, plain))
        return float(alike) + 4.0 * float(self._weight[item])


def _best_part(asked: str, plain: str) -> float:
    """Likeness to the part of the title that fits best; for less than four letters that says nothing."""
    return float(fuzz.partial_ratio(asked, plain)) if 4 <= len(asked) <= len(plain) else 0.0


def _words(text: str) -> list[str]:
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return WORDS.findall(bare.casefold().replace("'", ""))


def _runs(plain: str) -> set[str]:
    """The n-grams of words; a mark before the first letters tells a beginning from the middle."""
    runs = set()
    for word in plain.split():
        runs |= {f"^{word[:n]}" for n in (1, 2, 3) if len(word) >= n}
        runs |= {word[at : at + 3] for at in range(len(word) - 2)}
    return runs
