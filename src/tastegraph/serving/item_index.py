"""An approximate index of a large catalogue: the items with the highest scores, without scoring them all."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from tastegraph.errors import ModelError
from tastegraph.files import write_json, written_whole
from tastegraph.serving.scores import scores_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tastegraph.saved_model import SavedModel

__all__ = ["FOLDER", "ItemIndex"]

FOLDER = "index"  # within a run directory
SCHEMA = 1
GRAPH, DESCRIPTION = "items.usearch", "index.json"
NEIGHBOURS, BREADTH_OF_BUILDING, BREADTH_OF_SEARCH = 16, 64, 512  # M, efConstruction, ef of HNSW
LARGEST_SHARE = 1 / 16  # of the catalogue that a search may ask for; past it, scoring all items is no slower


class ItemIndex:
    r"""A graph of near items (HNSW, Malkov and Yashunin 2018) that finds the highest inner products with a vector.

    Nearness is by cosine; with M the largest norm of an item's row, each row is prolonged by sqrt(M^2 - |e_i|^2), so
    that all have length M and the order of cosines is that of inner products (Bachrach et al. 2014).

    Args:
        graph: the usearch index of these rows.
        rows: the model's `e_items`, float32 [items, d].
    """

    def __init__(self, graph: Any, rows: NDArray[np.float32]) -> None:
        self._graph, self._rows = graph, rows

    @classmethod
    def of(cls, model: SavedModel) -> Self:
        """Make the index of a model's items; of a million this takes minutes, on all cores.

        Raises:
            ModelError: usearch is not there.
        """
        rows = model.e_items
        graph = _empty_graph(rows.shape[1] + 1)
        squares = np.einsum("nd,nd->n", rows, rows)
        graph.add(np.arange(len(rows)), np.column_stack([rows, np.sqrt(np.maximum(squares.max() - squares, 0))]))
        return cls(graph, rows)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the rows that the index is of."""
        return hashlib.sha256(np.ascontiguousarray(self._rows).data).hexdigest()

    def reach(self, vector: NDArray[np.float32], least: int, allowed: NDArray[np.bool_]) -> NDArray[np.int64] | None:
        """The allowed items among those with the highest scores, at least `least` of them, ascending.

        More and more items are asked for until enough of them are allowed.

        Args:
            vector: a person's, float32 [d].
            least: at least 1.
            allowed: what the list may hold, bool [items].

        Returns:
            int64; None where so few items are allowed that all had better be scored.
        """
        query, asked = np.append(vector, np.float32(0)), 2 * least
        while asked <= len(allowed) * LARGEST_SHARE:
            found = self._graph.search(query, asked, threads=1).keys.astype(np.int64)
            found = found[allowed[found]]
            if len(found) >= least:
                return np.sort(found)
            asked *= 4
        return None

    def recall(self, model: SavedModel, users: NDArray[np.integer], k: int) -> float:
        """The mean share of the exact lists of `k` of users [n] that the index's lists hold, seen items left out."""
        exact, shares = model.rank(users, k, model.seen), []
        for user, list_ in zip(users.tolist(), exact, strict=True):
            allowed = np.ones(len(model.items), np.bool_)
            allowed[model.seen[user]] = False
            reach = self.reach(model.e_users[user], k, allowed)
            if reach is None:
                reach = np.flatnonzero(allowed)
            found = reach[np.argsort(-scores_of(model.e_items[reach], model.e_users[user]))[:k]]
            shares.append(float(np.isin(list_[list_ >= 0], found).mean()))
        return float(np.mean(shares))

    def save(self, folder: Path) -> None:
        """Write the index, and a description with digests of it and of the rows that it is of."""
        folder.mkdir(parents=True, exist_ok=True)
        content = bytes(self._graph.save())
        with written_whole(folder / GRAPH) as aside:
            aside.write_bytes(content)
        said = {"schema": SCHEMA, "rows": self.digest, "sha256": hashlib.sha256(content).hexdigest()}
        write_json(folder / DESCRIPTION, said)

    @classmethod
    def load(cls, folder: Path, model: SavedModel) -> Self:
        """Read what `save` wrote, for the model that it was made of.

        Raises:
            ModelError: usearch is not there; or the index is not whole, is altered, or is of another model.
        """
        try:
            said = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
            content = (folder / GRAPH).read_bytes()
        except FileNotFoundError as error:
            raise ModelError(f"{error.filename}: no such file; make the index: tastegraph index RUN") from error
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise ModelError(f"{folder / DESCRIPTION}: not JSON") from error
        if not isinstance(said, dict) or said.get("schema") != SCHEMA:
            raise ModelError(f"{folder / DESCRIPTION}: expected an index of schema {SCHEMA}; make it anew")
        if said.get("sha256") != hashlib.sha256(content).hexdigest():
            raise ModelError(f"{folder / GRAPH}: altered since the index was made (SHA-256 differs)")
        index = cls(_empty_graph(model.e_items.shape[1] + 1), model.e_items)
        if said.get("rows") != index.digest:
            raise ModelError(f"{folder}: the index of another model; make it anew: tastegraph index RUN --force")
        index._graph.load(content)
        return index


def _empty_graph(width: int) -> Any:
    try:
        from usearch.index import Index
    except ModuleNotFoundError as error:
        raise ModelError('an approximate index needs the extra "index": pip install "tastegraph[index]"') from error
    return Index(
        ndim=width,
        metric="cos",
        dtype="f16",
        connectivity=NEIGHBOURS,
        expansion_add=BREADTH_OF_BUILDING,
        expansion_search=BREADTH_OF_SEARCH,
    )
