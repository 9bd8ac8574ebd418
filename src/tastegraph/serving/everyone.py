"""Everybody's list in one pass, into a file that appears whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tastegraph.errors import DataError, RequestError
from tastegraph.files import held, reason_of, sha256_of, written_whole
from tastegraph.graph.top_k import rank_blocks
from tastegraph.ranks.alone import ALONE
from tastegraph.serving.places import length_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from numpy.typing import NDArray

    from tastegraph.graph.neighbours import NeighbourLists
    from tastegraph.ranks.alone import Ranks
    from tastegraph.saved_model import SavedModel

__all__ = ["FORMS", "AllLists", "check_place", "write_lists"]

FORMS = (".parquet", ".csv", ".jsonl")
USERS_A_PART = 1 << 13


@dataclass(frozen=True, eq=False)
class AllLists:
    """What the lists are to be.

    Attributes:
        k: length of a list, from 1 to the number of items.
        allowed: what any list may hold, bool [items].
        known: what each user's list leaves out; None for nothing.
        popularity_discount: c >= 0; see `Order`.
    """

    k: int
    allowed: NDArray[np.bool_]
    known: NeighbourLists | None
    popularity_discount: float = 0.0


def check_place(path: Path, *, force: bool) -> None:
    """Fail if lists cannot be written to a path, before any is made.

    Raises:
        DataError: it has another ending, is a folder, or is there already and `force` is not set.
    """
    if path.suffix.lower() not in FORMS:
        raise DataError(f"lists are written as {', '.join(FORMS)}; found {path.suffix or 'no ending'}", path=path)
    if path.is_dir():
        raise DataError("is a folder; lists go into a file", path=path)
    if os.path.lexists(path) and not force:
        raise DataError("exists already; --force (in Python force=True) replaces it", path=path)


def write_lists(
    model: SavedModel,
    wanted: AllLists,
    path: Path,
    on_part: Callable[[int, int], None] = lambda *_: None,
    users_a_part: int = USERS_A_PART,
    ranks: Ranks = ALONE,
) -> None:
    """Write the list of every user as rows of user, item (the source's ids), rank (from 1) and score.

    With a popularity discount there is no score: the model's does not order the lists then, and whoever reads such a
    file would take one of the two for a mistake.

    Users come in the order of their index. Lists are made part by part, each part a file in a folder beside `path`; at
    the end the parts are streamed into `path` and removed. After a crash or an interruption the same call goes on
    after the last part, for the folder's name holds a digest of the model and of what is wanted.

    Args:
        model: whose users.
        wanted: what the lists are.
        path: ends in .parquet, .csv or .jsonl.
        on_part: told (users done, users) after each part.
        users_a_part: bounds the memory, beside the model's own and that of a block of scores.
        ranks: processes that make the parts in turns, each with the model; rank 0 writes them all.

    Raises:
        DataError: `path` has another ending or is a folder, or another process is writing there.
        RequestError: k is out of range, or `known` is of another number of users or items.
    """
    check_place(path, force=True)
    length_of(wanted.k, len(model.items))
    sizes = (len(model.users), len(model.items))
    if wanted.known is not None and (wanted.known.num_rows, wanted.known.num_columns) != sizes:
        raise RequestError(f"expected what {sizes[0]:,} users know of {sizes[1]:,} items; found {wanted.known}")
    folder = path.parent / f".{path.name}.{_digest(model, wanted, users_a_part)[:16]}"
    ranks.told(lambda: _prepare(folder, path))
    with _alone(folder, path) if ranks.rank == 0 else nullcontext():
        begins = range(0, len(model.users), users_a_part)
        parts = ranks.told(lambda: {begin: _sound_part(folder, begin) for begin in begins})
        missing = [begin for begin in begins if parts[begin] is None]
        for begin in sorted(set(begins) - set(missing)):
            on_part(min(begin + users_a_part, len(model.users)), len(model.users))
        for turn in range(0, len(missing), ranks.size):
            own = missing[turn : turn + ranks.size][ranks.rank :][:1]
            users = [np.arange(begin, min(begin + users_a_part, len(model.users))) for begin in own]
            made = ranks.heard_by_first(
                [(begin, _lists_of(model, some, wanted)) for begin, some in zip(own, users, strict=True)]
            )
            for begin, lists in (part for of_rank in made for part in of_rank):
                parts[begin] = _made_part(folder, begin, lists)
                on_part(min(begin + users_a_part, len(model.users)), len(model.users))
        if ranks.rank == 0:
            _join([part for part in parts.values() if part is not None], path)
            shutil.rmtree(folder)


def _prepare(folder: Path, path: Path) -> None:
    """Make the folder of parts, or find it.

    Raises:
        DataError: it cannot be made, or another process is writing there.
    """
    for other in _parts_beside(path):
        if other != folder:
            with _alone(other, path):
                shutil.rmtree(other)  # of a call that was killed and wanted something else
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot be written ({reason_of(error)})", path=path) from error


def _alone(folder: Path, path: Path) -> AbstractContextManager[None]:
    """Hold the parts against other processes."""
    return held(folder, DataError("another process is writing these lists", path=path))


def _made_part(folder: Path, begin: int, lists: pl.DataFrame) -> Path:
    """Write a part; its name ends in its digest."""
    aside = folder / "part.parquet"
    with written_whole(aside) as file:
        lists.write_parquet(file)
    part = folder / f"{begin:012}-{sha256_of(aside)}.parquet"
    aside.rename(part)
    return part


def _sound_part(folder: Path, begin: int) -> Path | None:
    """The part that an earlier call has left, if it is as it was written."""
    for part in folder.glob(f"{begin:012}-*.parquet"):
        if part.stem.partition("-")[2] == sha256_of(part):
            return part
        part.unlink()
    return None


def _parts_beside(path: Path) -> list[Path]:
    """The folders of parts that calls for this very path have left."""
    own = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{16}}")
    return [other for other in path.parent.glob(f".*{path.suffix}.*") if own.fullmatch(other.name) and other.is_dir()]


def _lists_of(model: SavedModel, users: NDArray[np.int64], wanted: AllLists) -> pl.DataFrame:
    """Some users' lists: columns user, item, rank and, where it orders them, score."""
    discount = (wanted.popularity_discount * np.log(np.maximum(model.popularity, 1))).astype(np.float32)
    closed = np.flatnonzero(~wanted.allowed)

    def scores_of(block: NDArray[np.integer]) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = model.e_users[block] @ model.e_items.T
        if wanted.popularity_discount:
            scores -= discount
        scores[:, closed] = -np.inf
        return scores

    lists = rank_blocks(scores_of, len(model.items), users, wanted.k, wanted.known)
    row, place = np.nonzero(lists >= 0)
    item = lists[row, place]
    table = pl.DataFrame(
        {
            "user": model.users.ids.gather(users[row]),
            "item": model.items.ids.gather(item),
            "rank": (place + 1).astype(np.int32),
        }
    )
    if wanted.popularity_discount:
        return table
    score = np.concatenate([
        np.einsum("nd,nd->n", model.e_users[users[row[at]]], model.e_items[item[at]])
        for at in np.array_split(np.arange(len(row)), max(1, len(row) >> 16))
    ])  # fmt: skip
    return table.with_columns(score=score)


def _join(parts: list[Path], path: Path) -> None:
    """Stream the parts, one after the other, into the file."""
    frame = pl.scan_parquet(parts, glob=False)
    with written_whole(path) as aside:
        if path.suffix.lower() == ".parquet":
            frame.sink_parquet(aside)
        elif path.suffix.lower() == ".csv":
            frame.sink_csv(aside)
        else:
            frame.sink_ndjson(aside)


def _digest(model: SavedModel, wanted: AllLists, users_a_part: int) -> str:
    """Of all that the parts depend on."""
    digest = hashlib.sha256()
    known = () if wanted.known is None else (wanted.known.start, wanted.known.index)
    for array in (model.e_users, model.e_items, model.fit.index, wanted.allowed, *known):
        digest.update(np.ascontiguousarray(array).data)
    settings = ["score unless discounted", wanted.k, len(known), wanted.popularity_discount, users_a_part]
    digest.update(json.dumps(settings).encode())
    return digest.hexdigest()
