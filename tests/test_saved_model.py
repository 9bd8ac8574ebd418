from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from tastegraph.data.vocabulary import Vocabulary
from tastegraph.errors import ModelError
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.saved_model import Folding, SavedModel

if TYPE_CHECKING:
    from pathlib import Path

FILES = ["embeddings", "folding", "fit", "seen"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two users and three items, saved."""
    rng = np.random.default_rng(0)
    of_users, own, of_items = (rng.normal(size=(n, 4)).astype(np.float32) for n in (2, 2, 3))
    model = SavedModel(
        e_users=rng.normal(size=(2, 5)).astype(np.float32),
        e_items=rng.normal(size=(3, 5)).astype(np.float32),
        folding=Folding(own, of_users, of_items),
        fit=NeighbourLists.from_pairs([0, 1, 1], [1, 1, 2], 2, 3),
        users=Vocabulary(pl.Series(["ann", "bob"])),
        items=Vocabulary(pl.Series([10, 20, 30])),
        item_table=pl.DataFrame({"item": [10, 20, 30]}),
        seen=NeighbourLists.from_pairs([0, 1, 1, 1], [1, 0, 1, 2], 2, 3),
        ranking="cosine",
        about={"data": {"name": "toy"}},
    )
    model.save(tmp_path / "model")
    loaded = SavedModel.load(tmp_path / "model")
    for name in ("own", "users", "items"):
        assert np.array_equal(getattr(loaded.folding, name), getattr(model.folding, name))
    assert np.array_equal(loaded.fit.keys(), model.fit.keys())
    return tmp_path / "model"


def test_ages_and_recency_are_kept_and_must_fit(tmp_path: Path, folder: Path) -> None:
    model = SavedModel.load(folder)
    assert model.age is None
    assert model.ages(1).tolist() == [1, 1]
    aged = replace(model, folding=replace(model.folding, recency=1.5), age=np.array([1, 2, 1]))
    aged.save(tmp_path / "aged")
    loaded = SavedModel.load(tmp_path / "aged")
    assert (loaded.folding.recency, loaded.ages(1).tolist()) == (1.5, [2, 1])
    for age, fault in (
        (None, "does not say which"),
        (np.array([1, 2]), "differ in number"),
        (np.zeros(3, int), "whole number from 1"),
    ):
        replace(aged, age=age).save(tmp_path / "bad")
        with pytest.raises(ModelError, match=fault):
            SavedModel.load(tmp_path / "bad")


def test_popularity_counts_the_users_learned_from(folder: Path) -> None:
    model = SavedModel.load(folder)
    assert model.popularity.tolist() == [0, 2, 1]
    assert (model.width, model.ranking) == (4, "cosine")


@pytest.mark.parametrize("name", [*(f"{name}.safetensors" for name in FILES), "users.parquet", "items.parquet"])
def test_a_file_altered_cut_short_or_gone_is_refused(folder: Path, name: str) -> None:
    path = folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match=f"{name}: altered since the model was saved"):
        SavedModel.load(folder)
    path.write_bytes(content[:-1])
    with pytest.raises(ModelError, match=rf"{name}: cut short; {len(content):,} bytes were saved"):
        SavedModel.load(folder)
    path.unlink()
    with pytest.raises(ModelError, match=f"{name}: no such file"):
        SavedModel.load(folder)


def test_files_that_changed_places_are_refused(folder: Path) -> None:
    fit, seen = (folder / "fit.safetensors").read_bytes(), (folder / "seen.safetensors").read_bytes()
    (folder / "fit.safetensors").write_bytes(seen)
    (folder / "seen.safetensors").write_bytes(fit)
    with pytest.raises(ModelError, match=r"SHA-256 differs|cut short"):
        SavedModel.load(folder)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "holds no schema number"),
        ('{"schema": 99}', "schema 99; this version reads schema 2: a newer version of tastegraph wrote it"),
        ('{"schema": 1}', "schema 1; this version reads schema 2: train the run again"),
        ('{"schema": 2, "files": {}}', "does not list the model's files"),
    ],
)
def test_a_description_that_is_none_is_refused(folder: Path, text: str, expected: str) -> None:
    (folder / "model.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=expected):
        SavedModel.load(folder)


@pytest.mark.parametrize("name", ["model.json", "fit.safetensors"])
def test_a_folder_in_a_files_place_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(ModelError, match=f"{name}: not a file"):
        SavedModel.load(folder)


def test_a_description_that_was_edited_is_refused(folder: Path) -> None:
    said = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    (folder / "model.json").write_text(json.dumps(said | {"ranking": "inner"}), encoding="utf-8")
    with pytest.raises(ModelError, match=r"model.json: altered since"):
        SavedModel.load(folder)
