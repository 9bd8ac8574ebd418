"""A map of films: their embeddings laid out in the plane, films that the model holds alike beside one another."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from tastegraph.errors import ServeError, needs_extra
from tastegraph.files import written_whole

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tastegraph.saved_model import SavedModel

__all__ = ["MAP_FILE", "FilmMap"]

MAP_FILE = "map.safetensors"
FILMS = 2_500  # the most popular ones are on the map
PERPLEXITY = 30.0
STEPS = 600
FEWEST = 8  # films that t-SNE makes something of


class FilmMap:
    """Places of the most popular films.

    Attributes:
        items: their indices, most popular first, int32 [n].
        places: x and y of each, from -1 to 1, float32 [n, 2].
    """

    def __init__(self, items: NDArray[np.int32], places: NDArray[np.float32]) -> None:
        self.items = items
        self.places = places

    @classmethod
    def of(cls, model: SavedModel) -> FilmMap:
        """t-SNE (van der Maaten and Hinton 2008) of the rows at length 1, begun from their principal components.

        The same model gives the same map on the same machine and versions.
        """
        items = np.argsort(-model.popularity, kind="stable")[:FILMS].astype(np.int32)
        rows = model.e_items[items, : model.width]
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return cls(items, _within_one(_laid_out(rows / np.maximum(lengths, np.finfo(np.float32).tiny))))

    @classmethod
    def kept(cls, model: SavedModel, path: Path) -> FilmMap | None:
        """The map in a file, or None where there is none of this very model, or it was altered."""
        try:
            arrays = load_file(path)
        except (OSError, SafetensorError):
            return None
        items, places, digest = (arrays.get(name) for name in ("items", "places", "digest"))
        if items is None or places is None or digest is None:
            return None
        found = cls(items, places)
        return found if bytes(digest) == found._digest(model) else None

    def keep(self, model: SavedModel, path: Path) -> None:
        """Write a file that `kept` reads.

        Raises:
            OSError: it cannot be written.
        """
        digest = np.frombuffer(self._digest(model), np.uint8)
        with written_whole(path) as aside:
            save_file({"items": self.items, "places": self.places, "digest": digest}, aside)

    def _digest(self, model: SavedModel) -> bytes:
        """Of the map and of all that it depends on."""
        digest = hashlib.sha256(np.ascontiguousarray(model.e_items).data)
        digest.update(f"{model.width} {FILMS} {PERPLEXITY} {STEPS}".encode())
        for part in (model.popularity, self.items, self.places):
            digest.update(np.ascontiguousarray(part).data)
        return digest.digest()


def _laid_out(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Two columns for a few columns or many, [n, 2]."""
    with needs_extra("the map of films", "serve", ServeError):
        from sklearn.decomposition import PCA
        from sklearn.manifold import TSNE

    if len(rows) < FEWEST:
        angle = np.linspace(0, 2 * np.pi, len(rows), endpoint=False)
        return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    start = PCA(2, random_state=0).fit_transform(rows)
    start *= 1e-4 / max(float(start[:, 0].std()), 1e-12)
    perplexity = min(PERPLEXITY, (len(rows) - 1) / 3)
    tsne = TSNE(2, init=start.astype(np.float32), perplexity=perplexity, max_iter=STEPS, random_state=0, n_jobs=1)
    laid_out: NDArray[np.float32] = tsne.fit_transform(rows).astype(np.float32)
    return laid_out


def _within_one(places: NDArray[np.float32]) -> NDArray[np.float32]:
    middle = (places.max(axis=0) + places.min(axis=0)) / 2
    half = float(np.abs(places - middle).max(initial=0)) or 1.0
    within: NDArray[np.float32] = ((places - middle) / np.float32(half)).astype(np.float32)
    return within
