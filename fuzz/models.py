"""Feed a saved model files that coverage leads to, with digests that fit them: the only error is a ModelError.

Usage: as of `fuzz.readers`.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

import atheris
import numpy as np
import polars as pl

with atheris.instrument_imports(include=["tastegraph.saved_model", "tastegraph.data.vocabulary", "tastegraph.graph"]):
    from tastegraph.data.vocabulary import Vocabulary
    from tastegraph.errors import ModelError
    from tastegraph.graph.neighbours import NeighbourLists
    from tastegraph.saved_model import Folding, SavedModel

from fuzz.target import fuzz

FOLDER = Path(tempfile.mkdtemp(prefix="tastegraph-fuzz-"))


def _sound() -> dict[str, bytes]:
    """The files of a model of two users and three items, by name."""
    two, three = np.ones((2, 4), np.float32), np.ones((3, 4), np.float32)
    table = pl.DataFrame({"item": [10, 20, 30], "title": ["A", "B", None]})
    lists = NeighbourLists.from_pairs([0, 1, 1], [1, 1, 2], 2, 3)
    users, items = Vocabulary(pl.Series(["ann", "bob"])), Vocabulary(table["item"])
    SavedModel(two, three, Folding(two, two, three), lists, users, items, table, lists).save(FOLDER)
    return {path.name: path.read_bytes() for path in FOLDER.iterdir()}


SOUND = _sound()
NAMES = sorted(SOUND)


def one_input(data: bytes) -> None:
    """Put bytes in a file's place; the first one chooses which, and whether the digests are made to fit."""
    if not data:
        return
    name, fitting = NAMES[data[0] % len(NAMES)], data[0] < 128
    content = SOUND | {name: data[1:]}
    if fitting and name != "model.json":
        content["model.json"] = _sealed(content)
    for each in {name, "model.json"}:
        (FOLDER / each).write_bytes(content[each])
    try:
        SavedModel.load(FOLDER)
    except ModelError as error:
        if "\n" in str(error):
            raise AssertionError("an error of several lines") from error
    finally:
        (FOLDER / name).write_bytes(SOUND[name])


def _sealed(content: dict[str, bytes]) -> bytes:
    said = json.loads(content["model.json"])
    said.pop("sha256")
    for name in said["files"]:
        said["files"][name] = {"bytes": len(content[name]), "sha256": hashlib.sha256(content[name]).hexdigest()}
    own = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return json.dumps(said | {"sha256": own}).encode()


if __name__ == "__main__":
    fuzz(one_input, [bytes([number]) + SOUND[name] for number, name in enumerate(NAMES)])
