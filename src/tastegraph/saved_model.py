"""The saved model: final embeddings, vocabularies, the item table and what each user has seen. No pickle, no torch.

A folder of `embeddings.safetensors` (users, items), `seen.safetensors` (start, index), `users.parquet`, `items.parquet`
and `model.json`, which is written last and holds the schema and the digest of every other file. A run writes it
(`tastegraph.studies`), people are served from it (`tastegraph.serving`): it stands below both.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from tastegraph.data.vocabulary import Vocabulary
from tastegraph.errors import ModelError
from tastegraph.files import sha256_of, written_whole
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.graph.top_k import rank_by_inner_product

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SCHEMA", "SavedModel"]

SCHEMA = 1
EMBEDDINGS, SEEN, USERS, ITEMS = (
    "embeddings.safetensors",
    "seen.safetensors",
    "users.parquet",
    "items.parquet",
)


@dataclass(frozen=True, eq=False)
class SavedModel:
    """All that a list needs: y_ui = e_u . e_i, names, and what not to show.

    Attributes:
        e_users: final user embeddings, float32 [users, d].
        e_items: final item embeddings, float32 [items, d].
        users: vocabulary of the user indices.
        items: vocabulary of the item indices.
        item_table: one row an item, in index order: item and, where the source has them, title, year, genres.
        seen: every item each user has rated, liked or not, in whatever part of the split.
        about: what the model is: hyperparameters, data set and its digest.
    """

    e_users: NDArray[np.float32]
    e_items: NDArray[np.float32]
    users: Vocabulary
    items: Vocabulary
    item_table: pl.DataFrame
    seen: NeighbourLists
    about: Mapping[str, Any] = field(default_factory=dict)

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user index, int32 [n, k]; see `rank_blocks`."""
        return rank_by_inner_product(self.e_users, self.e_items, users, k, exclude)

    def save(self, folder: Path) -> None:
        """Write the folder's files, each whole, `model.json` last."""
        folder.mkdir(parents=True, exist_ok=True)
        writers: dict[str, Callable[[Path], object]] = {
            EMBEDDINGS: lambda path: save_file({"users": self.e_users, "items": self.e_items}, path),
            SEEN: lambda path: save_file({"start": self.seen.start, "index": self.seen.index}, path),
            USERS: lambda path: pl.DataFrame({"user": self.users.ids}).write_parquet(path),
            ITEMS: self.item_table.write_parquet,
        }
        for name, write in writers.items():
            with written_whole(folder / name) as aside:
                write(aside)
        digests = {name: sha256_of(folder / name) for name in writers}
        with written_whole(folder / "model.json") as aside:
            text = json.dumps({"schema": SCHEMA, "about": dict(self.about), "files": digests}, indent=2)
            aside.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> SavedModel:
        """Read what `save` wrote, every file checked by its digest.

        Raises:
            ModelError: there is no model, its schema is newer than ours, or a file is missing, altered or
                does not fit the others.
        """
        description = _description(folder)
        for name, digest in description["files"].items():
            path = folder / name
            if not path.is_file():
                raise ModelError(f"{path}: no such file; the model is incomplete")
            if sha256_of(path) != digest:
                raise ModelError(f"{path}: altered since the model was saved (SHA-256 differs)")
        try:
            embeddings, seen = load_file(folder / EMBEDDINGS), load_file(folder / SEEN)
            item_table = pl.read_parquet(folder / ITEMS, glob=False)
            users = Vocabulary(pl.read_parquet(folder / USERS, glob=False)["user"])
            model = cls(
                embeddings["users"],
                embeddings["items"],
                users,
                Vocabulary(item_table["item"]),
                item_table,
                NeighbourLists(seen["start"], seen["index"], len(item_table)),
                description["about"],
            )
        except (OSError, KeyError, SafetensorError, pl.exceptions.PolarsError) as error:
            raise ModelError(f"{folder}: not a saved model ({str(error).splitlines()[0]})") from error
        if len(model.e_users) != len(users) or len(model.e_items) != len(item_table):
            raise ModelError(f"{folder}: embeddings and vocabularies differ in length")
        return model


def _description(folder: Path) -> dict[str, Any]:
    path = folder / "model.json"
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such file; expected a finished run or its model folder") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"{path}: not JSON") from error
    if not isinstance(description, dict) or type(description.get("schema")) is not int:
        raise ModelError(f"{path}: holds no schema number")
    if description["schema"] != SCHEMA:
        raise ModelError(f"{path}: schema {description['schema']}; this version of tastegraph reads schema {SCHEMA}")
    files, about = description.get("files"), description.get("about")
    if not isinstance(files, dict) or set(files) != {EMBEDDINGS, SEEN, USERS, ITEMS} or not isinstance(about, dict):
        raise ModelError(f"{path}: does not list the model's files")
    return description
