"""The saved model: final embeddings, what folds new nodes in, vocabularies and seen items. No pickle, no torch.

A folder of safetensors and Parquet files and `model.json`, which is written last and holds the schema and the size and
digest of every other file. A run writes it (`tastegraph.studies`), people are served from it (`tastegraph.serving`): it
stands below both.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
from safetensors import SafetensorError
from safetensors.numpy import load, save_file

from tastegraph.data.vocabulary import Vocabulary
from tastegraph.errors import ModelError
from tastegraph.files import reason_of, sha256_of, write_json, written_whole
from tastegraph.graph.bipartite import SYMMETRIC
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.graph.recency import recency_weights
from tastegraph.graph.top_k import rank_by_inner_product

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from tastegraph.graph.bipartite import Exponents

__all__ = ["SCHEMA", "Folding", "SavedModel"]

SCHEMA = 2
EMBEDDINGS, FOLDING, FIT, SEEN, USERS, ITEMS = (
    "embeddings.safetensors",
    "folding.safetensors",
    "fit.safetensors",
    "seen.safetensors",
    "users.parquet",
    "items.parquet",
)
OF_POLARS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
FILES = {EMBEDDINGS, FOLDING, FIT, SEEN, USERS, ITEMS}
OF_ITEMS = {"title": pl.String(), "year": pl.Int64(), "genres": pl.List(pl.String())}  # a year may be any integer


@dataclass(frozen=True, eq=False)
class Folding:
    r"""What gives a node its final embedding from its neighbours alone.

    Layer k of user u is the sum over N_u of p_ui times layer k-1 of i, with p_ui = 1 / (|N_u|^a |N_i|^b), so that

    .. math::
        e_u = \alpha_0 e_u^{(0)} + \sum_{i \in N_u} p_{ui} f_i, \qquad f_i = \sum_{k=1}^{K} \alpha_k e_i^{(k-1)}

    One vector an item is all that a new user needs, whatever K; likewise one a user for new items. Where a model weighs
    a user's later items more, p_ui is taken r_ui times (see `recency_weights`).

    Attributes:
        own: alpha_0 E0 of the users, float32 [users, d].
        users: f of the users, float32 [users, d].
        items: f of the items, float32 [items, d].
        exponents: a and b, 1/2 each in the paper.
        recency: gamma of r_ui; 0 weighs all items alike.
    """

    own: NDArray[np.float32]
    users: NDArray[np.float32]
    items: NDArray[np.float32]
    exponents: Exponents = SYMMETRIC
    recency: float = 0.0

    def weights(
        self, degree: int, neighbours: NDArray[np.int64], age: NDArray[np.int64] | None = None
    ) -> NDArray[np.float64]:
        """The entries of P for the edges of a node: 1 / (degree^a neighbour's degree^b); float64 [n].

        Args:
            degree: the node's own.
            neighbours: those of the nodes at the other ends, int64 [n].
            age: of the edges of a user, int64 [n]; of one age by default.
        """
        a, b = self.exponents
        weights: NDArray[np.float64] = 1 / (max(degree, 1) ** a * np.maximum(neighbours, 1) ** b)
        if age is None or not self.recency or not len(age):
            return weights
        return weights * recency_weights(age, np.array([0, len(age)]), self.recency)


@dataclass(frozen=True, eq=False)
class SavedModel:
    """All that a list needs: y_ui = e_u . e_i, names, and what not to show.

    Attributes:
        e_users: users' rows whose inner products rank, float32 [users, d], or [users, d + 1] with a popularity prior.
        e_items: the same of items.
        folding: what new nodes are folded in from.
        fit: N_u of each user, the items that the model has learned from.
        users: vocabulary of the user indices.
        items: vocabulary of the item indices.
        item_table: one row an item, in index order: item and, where the source has them, title, year, genres.
        seen: every item each user has rated, liked or not, in whatever part of the split.
        ranking: "inner" or "cosine": whether the rows above are final embeddings or these brought to length 1.
        about: what the model is: hyperparameters, data set and its digest.
        age: of each entry of `fit`, 1 for the user's latest, int64; None where all items of a user weigh alike.
    """

    e_users: NDArray[np.float32]
    e_items: NDArray[np.float32]
    folding: Folding
    fit: NeighbourLists
    users: Vocabulary
    items: Vocabulary
    item_table: pl.DataFrame
    seen: NeighbourLists
    ranking: Literal["inner", "cosine"] = "inner"
    about: Mapping[str, Any] = field(default_factory=dict)
    age: NDArray[np.int64] | None = None

    @property
    def width(self) -> int:
        """d, without the column of a popularity prior."""
        return int(self.folding.items.shape[1])

    @cached_property
    def popularity(self) -> NDArray[np.int64]:
        """|N_i|: users of each item that the model has learned from, int64 [items]."""
        return np.bincount(self.fit.index, minlength=len(self.items))

    def ages(self, user: int) -> NDArray[np.int64]:
        """The age of each of a user's items in `fit`, int64 [n]; 1 where all weigh alike."""
        if self.age is None:
            return np.ones(len(self.fit[user]), np.int64)
        return self.age[self.fit.start[user] : self.fit.start[user + 1]]

    @cached_property
    def gram(self) -> NDArray[np.float64]:
        """The items' rows, without the column of a prior, times themselves: float64 [d, d]."""
        rows = self.e_items[:, : self.width]
        return (rows.T @ rows).astype(np.float64)

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user index, int32 [n, k]; see `rank_blocks`."""
        return rank_by_inner_product(self.e_users, self.e_items, users, k, exclude)

    def save(self, folder: Path) -> None:
        """Write the folder's files, each whole, `model.json` last."""
        folder.mkdir(parents=True, exist_ok=True)
        own, users, items = self.folding.own, self.folding.users, self.folding.items
        fit: dict[str, NDArray[Any]] = {"start": self.fit.start, "index": self.fit.index}
        fit |= {} if self.age is None else {"age": self.age}
        writers: dict[str, Callable[[Path], object]] = {
            EMBEDDINGS: lambda path: save_file({"users": self.e_users, "items": self.e_items}, path),
            FOLDING: lambda path: save_file({"own": own, "users": users, "items": items}, path),
            FIT: lambda path: save_file(fit, path),
            SEEN: lambda path: save_file({"start": self.seen.start, "index": self.seen.index}, path),
            USERS: lambda path: pl.DataFrame({"user": self.users.ids}).write_parquet(path),
            ITEMS: self.item_table.write_parquet,
        }
        for name, write in writers.items():
            with written_whole(folder / name) as aside:
                write(aside)
        files = {
            name: {"bytes": (folder / name).stat().st_size, "sha256": sha256_of(folder / name)} for name in writers
        }
        said = {
            "schema": SCHEMA,
            "ranking": self.ranking,
            "exponents": list(self.folding.exponents),
            "recency": self.folding.recency,
            "about": dict(self.about),
            "files": files,
        }
        write_json(folder / "model.json", said | {"sha256": _digest(said)})

    @classmethod
    def load(cls, folder: Path) -> SavedModel:
        """Read what `save` wrote; every file is read once, and checked by its digest before it is looked into.

        Raises:
            ModelError: there is no model, its schema is not ours, or a file is missing, altered or does not fit the
                others.
        """
        description = _description(folder)
        content = {name: _checked(folder / name, known) for name, known in description["files"].items()}
        try:
            model = _assembled(content, description)
        except (KeyError, TypeError, ValueError, SafetensorError, *OF_POLARS) as error:
            raise ModelError(f"{folder}: not a saved model ({str(error).splitlines()[0]})") from error
        fault = _misfit(model)
        if fault:
            raise ModelError(f"{folder}: {fault}")
        return model


def _assembled(content: Mapping[str, bytes], description: Mapping[str, Any]) -> SavedModel:
    item_table = pl.read_parquet(BytesIO(content[ITEMS]))
    a, b = description.get("exponents", SYMMETRIC)  # models of before they could differ have none
    recency = float(description.get("recency", 0.0))  # likewise
    embeddings, folding, fit, seen = (_arrays(content[name]) for name in (EMBEDDINGS, FOLDING, FIT, SEEN))
    return SavedModel(
        embeddings["users"],
        embeddings["items"],
        Folding(folding["own"], folding["users"], folding["items"], (float(a), float(b)), recency),
        NeighbourLists(fit["start"], fit["index"], len(item_table)),
        Vocabulary(pl.read_parquet(BytesIO(content[USERS]))["user"]),
        Vocabulary(item_table["item"]),
        item_table,
        NeighbourLists(seen["start"], seen["index"], len(item_table)),
        description["ranking"],
        description["about"],
        fit.get("age"),
    )


def _arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of a safetensors file, in memory of their own: compiled kernels take writable ones."""
    return {name: array.copy() for name, array in load(content).items()}


def _read(path: Path, missing: str) -> bytes:
    """A file's content; `missing` says what it means that there is none."""
    try:
        if path.exists() and not path.is_file():
            raise ModelError(f"{path}: not a file")  # a pipe would be waited for
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such file; {missing}") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({reason_of(error)})") from error


def _checked(path: Path, known: Mapping[str, Any]) -> bytes:
    content = _read(path, "the model is incomplete")
    if len(content) < known["bytes"]:
        raise ModelError(f"{path}: cut short; {known['bytes']:,} bytes were saved, found {len(content):,}")
    if hashlib.sha256(content).hexdigest() != known["sha256"]:
        raise ModelError(f"{path}: altered since the model was saved (SHA-256 differs)")
    return content


def _misfit(model: SavedModel) -> str | None:
    """What does not fit together in a model whose files are as they were saved; None where all does."""
    users, items, folding = len(model.users), len(model.items), model.folding
    rows = {model.e_users.shape[0], folding.own.shape[0], folding.users.shape[0], model.fit.num_rows}
    if rows | {model.seen.num_rows} != {users} or {model.e_items.shape[0], folding.items.shape[0]} != {items}:
        return "embeddings and vocabularies differ in length"
    prior = model.e_items.shape[1] - model.width
    if model.e_users.shape[1] != model.e_items.shape[1] or prior not in {0, int(model.ranking == "cosine")}:
        return "embeddings differ in width"
    rows_of_numbers = (model.e_users, model.e_items, folding.own, folding.users, folding.items)
    if not all(np.isfinite(numbers).all() for numbers in rows_of_numbers):
        return "a number in it is not finite"
    if not all(0 <= exponent <= 2 for exponent in folding.exponents):
        return "an exponent is not from 0 to 2"
    for lists in (model.fit, model.seen):
        start, index = lists.start, lists.index
        if start.ndim != 1 or start[0] != 0 or start[-1] != len(index) or bool((np.diff(start) < 0).any()):
            return "the ends of a list are not in order"
        if len(index) and not 0 <= int(index.min()) <= int(index.max()) < items:
            return "a list names an item that the vocabulary lacks"
    return _misfit_of_ages(model) or _misfit_of_tables(model)


def _misfit_of_ages(model: SavedModel) -> str | None:
    """The same of which of a user's items are later."""
    if not 0 <= model.folding.recency <= 10:
        return "its recency is not from 0 to 10"
    if model.age is None:
        return "it weighs later items more and does not say which they are" if model.folding.recency else None
    if model.age.dtype != np.int64 or model.age.shape != model.fit.index.shape or bool((model.age < 1).any()):
        return "ages and items differ in number, or an age is no whole number from 1"
    return None


def _misfit_of_tables(model: SavedModel) -> str | None:
    """The same of users' and items' ids and of what is said of items."""
    for ids in (model.users.ids, model.items.ids):
        if ids.null_count() or ids.n_unique() != len(ids):
            return "an id is missing or there twice"
    for name, dtype in model.item_table.schema.items():
        if name in OF_ITEMS and dtype not in (OF_ITEMS[name], pl.Null) and not (name == "year" and dtype.is_integer()):
            return f"column {name} of the items is of another type, {dtype}"
    return None


def _digest(said: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _lists_files(said: object) -> bool:
    """Whether a description has the size and the digest of every file."""
    return (
        isinstance(said, dict)
        and set(said) == FILES
        and all(
            isinstance(file, dict) and type(file.get("bytes")) is int and "sha256" in file for file in said.values()
        )
    )


def _description(folder: Path) -> dict[str, Any]:
    path = folder / "model.json"
    content = _read(path, "expected a finished run or its model folder")
    try:
        said = json.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ModelError(f"{path}: not JSON") from error
    if not isinstance(said, dict) or type(said.get("schema")) is not int:
        raise ModelError(f"{path}: holds no schema number")
    if said["schema"] != SCHEMA:
        older = said["schema"] < SCHEMA
        remedy = "train the run again" if older else "a newer version of tastegraph wrote it"
        raise ModelError(f"{path}: schema {said['schema']}; this version reads schema {SCHEMA}: {remedy}")
    if not _lists_files(said.get("files")):
        raise ModelError(f"{path}: does not list the model's files")
    if not isinstance(said.get("about"), dict) or said.get("ranking") not in ("inner", "cosine"):
        raise ModelError(f"{path}: does not say what the model is")
    if said.pop("sha256", None) != _digest(said):
        raise ModelError(f"{path}: altered since the model was saved (SHA-256 differs)")
    return said
