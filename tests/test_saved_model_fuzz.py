"""Whatever became of a saved model's files, it loads and serves, or it is a ModelError of one line."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from tastegraph.data.vocabulary import Vocabulary
from tastegraph.errors import ModelError, TasteGraphError
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.saved_model import Folding, SavedModel
from tastegraph.serving.recommender import Recommender

if TYPE_CHECKING:
    from pathlib import Path

PARTS = [f"{name}.safetensors" for name in ("embeddings", "folding", "fit", "seen")] + [
    "users.parquet",
    "items.parquet",
]
FILES = [*PARTS, "model.json"]
# Where in a file, and which byte stands there then.
CHANGES = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a model of four users and five items, by name."""
    folder = tmp_path_factory.mktemp("sound")
    rng = np.random.default_rng(0)
    e_users, own, of_users = (rng.normal(size=(4, 3)).astype(np.float32) for _ in range(3))
    e_items, of_items = (rng.normal(size=(5, 3)).astype(np.float32) for _ in range(2))
    table = pl.DataFrame({"item": [f"film {n}" for n in range(5)], "title": ["A", "B", "C", "D", None]})
    SavedModel(
        e_users, e_items, Folding(own, of_users, of_items, recency=1.5),
        fit=NeighbourLists.from_pairs([0, 1, 1, 3], [1, 1, 2, 0], 4, 5),
        users=Vocabulary(pl.Series(["ann", "bob", "cem", "dee"])),
        items=Vocabulary(table["item"]),
        item_table=table,
        seen=NeighbourLists.from_pairs([0, 1, 1, 3, 3], [1, 1, 2, 0, 4], 4, 5),
        about={"data": {"name": "toy"}},
        age=np.array([1, 2, 1, 1]),
    ).save(folder)  # fmt: skip
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def _put(place: Path, content: dict[str, bytes]) -> Path:
    shutil.rmtree(place / "model", ignore_errors=True)
    (place / "model").mkdir()
    for name, data in content.items():
        (place / "model" / name).write_bytes(data)
    return place / "model"


def _sealed(content: dict[str, bytes]) -> dict[str, bytes]:
    """The files with a description whose digests fit them: what damage before the save, or malice, leaves."""
    said = json.loads(content["model.json"])
    said.pop("sha256")
    for name in PARTS:
        said["files"][name] = {"bytes": len(content[name]), "sha256": hashlib.sha256(content[name]).hexdigest()}
    own = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return content | {"model.json": json.dumps(said | {"sha256": own}).encode()}


def _changed(content: bytes, changes: list[tuple[float, int]], cut: float | None) -> bytes:
    changed = bytearray(content)
    for at, byte in changes:
        changed[int(at * len(changed))] = byte
    return bytes(changed if cut is None else changed[: int(cut * len(changed))])


def _refused(folder: Path) -> str:
    try:
        SavedModel.load(folder)
    except ModelError as error:
        assert "\n" not in str(error)  # noqa: PT017 (either way is right)
        return str(error)
    return ""


@pytest.mark.parametrize("name", FILES)
def test_every_flipped_bit_and_every_shorter_file_is_found(name: str, saved: dict[str, bytes], place: Path) -> None:
    content = saved[name]
    rng = np.random.default_rng(1)
    for bit in rng.choice(8 * len(content), 60, replace=False):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        if name != "model.json" or json.loads(content) != _json_of(bytes(flipped)):
            assert _refused(_put(place, saved | {name: bytes(flipped)})), f"bit {bit}"
    for length in rng.choice(len(content.rstrip()), 15, replace=False):
        assert _refused(_put(place, saved | {name: content[:length]})), f"{length} bytes"


def _json_of(content: bytes) -> object:
    try:
        return json.loads(content)
    except ValueError:
        return None


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("other", FILES)
def test_files_in_one_anothers_place(name: str, other: str, saved: dict[str, bytes], place: Path) -> None:
    if name != other:
        assert _refused(_put(place, saved | {name: saved[other], other: saved[name]}))
        if "model.json" not in {name, other}:
            _asked(_put(place, _sealed(saved | {name: saved[other], other: saved[name]})))


def _frame(content: bytes, **columns: Any) -> bytes:
    """A Parquet file with other columns."""
    made = BytesIO()
    pl.read_parquet(BytesIO(content)).with_columns(**columns).write_parquet(made)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "columns", "told"),
    [
        ("items.parquet", {"year": pl.lit("1999")}, "column year of the items is of another type, String"),
        ("items.parquet", {"title": pl.lit(7)}, "column title of the items is of another type, Int32"),
        ("items.parquet", {"genres": pl.lit(7)}, "column genres of the items is of another type, Int32"),
        ("items.parquet", {"item": pl.lit("film 1")}, "an id is missing or there twice"),
        ("users.parquet", {"user": pl.lit(None, pl.String)}, "an id is missing or there twice"),
    ],
)
def test_tables_of_another_kind(
    name: str, columns: dict[str, Any], told: str, saved: dict[str, bytes], place: Path
) -> None:
    refused = _refused(_put(place, _sealed(saved | {name: _frame(saved[name], **columns)})))
    assert refused.endswith(told)


@pytest.mark.parametrize("ends", [[0, 1, 10**9, 3, 5], [0, 3, 1, 3, 5], [1, 1, 3, 3, 5], [0, 1, 3, 3, 4]])
def test_lists_whose_ends_are_not_in_order(ends: list[int], saved: dict[str, bytes], place: Path) -> None:
    arrays = load(saved["seen.safetensors"])
    altered = save({**arrays, "start": np.array(ends, arrays["start"].dtype)})
    assert _refused(_put(place, _sealed(saved | {"seen.safetensors": altered}))).endswith("are not in order")


def test_what_is_no_file_is_not_waited_for(saved: dict[str, bytes], place: Path) -> None:
    folder = _put(place, saved)
    (folder / "users.parquet").unlink()
    os.mkfifo(folder / "users.parquet")
    assert _refused(folder).endswith("users.parquet: not a file")


@settings(max_examples=400)
@given(st.sampled_from(PARTS), CHANGES, st.none() | st.floats(0, 1))
def test_damage_that_the_digests_do_not_show(
    place: Path, saved: dict[str, bytes], name: str, changes: list[tuple[float, int]], cut: float | None
) -> None:
    _asked(_put(place, _sealed(saved | {name: _changed(saved[name], changes, cut)})))


@settings(max_examples=100)
@given(CHANGES, st.none() | st.floats(0, 1))
@example([(0.0, 0xFF)], None)
def test_any_description(
    place: Path, saved: dict[str, bytes], changes: list[tuple[float, int]], cut: float | None
) -> None:
    _refused(_put(place, saved | {"model.json": _changed(saved["model.json"], changes, cut)}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200)
@given(st.sampled_from(["schema", "ranking", "exponents", "about", "files", PARTS[0]]), JSON)
def test_descriptions_that_are_sealed_and_say_other_things(
    place: Path, saved: dict[str, bytes], key: str, value: object
) -> None:
    said = json.loads(saved["model.json"])
    said.pop("sha256")
    (said["files"] if key in PARTS else said)[key] = value
    own = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    _asked(_put(place, saved | {"model.json": json.dumps(said | {"sha256": own}).encode()}))


def _asked(folder: Path) -> None:
    """Load a model and ask it for lists; what does not work out is an error of ours."""
    if _refused(folder):
        return
    try:
        with np.errstate(all="ignore"):  # 1e38 is a number, and what it comes to need not be
            recommender = Recommender.load(folder)
            for user in ("ann", "bob", "cem", "dee"):
                recommender.recommend(user, k=3, explain=True)
            recommender.recommend(likes=["film 0"], k=2)
            recommender.similar("film 1", k=2)
    except TasteGraphError as error:
        assert "\n" not in str(error)  # noqa: PT017 (either way is right)
