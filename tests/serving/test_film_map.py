"""The map: the same for the same model, kept with it, like films together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from safetensors.numpy import load_file, save_file

from tastegraph.data.vocabulary import Vocabulary
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.saved_model import Folding
from tastegraph.serving.film_map import FilmMap

if TYPE_CHECKING:
    from pathlib import Path

    from tastegraph.saved_model import SavedModel

    from .conftest import Small


def with_films(saved: SavedModel, e_items: np.ndarray) -> SavedModel:
    """The model with other films, of which it has learned nothing but their rows."""
    n, width = len(e_items), saved.width
    rows = np.pad(e_items, ((0, 0), (0, saved.e_items.shape[1] - width))).astype(np.float32)
    ids = pl.Series("item", np.arange(n), dtype=pl.Int64)
    folding = Folding(saved.folding.own, saved.folding.users, rows[:, :width])
    users = np.arange(len(saved.users))
    fit = NeighbourLists.from_pairs(users, users % n, len(users), n)
    table = pl.DataFrame({"item": ids})
    return replace(saved, e_items=rows, folding=folding, fit=fit, seen=fit, items=Vocabulary(ids), item_table=table)


def test_films_of_two_kinds_lie_apart(small: Small) -> None:
    rng = np.random.default_rng(0)
    centres = np.repeat(np.eye(small.saved.width)[:2], 30, axis=0)
    model = with_films(small.saved, centres + 0.1 * rng.standard_normal(centres.shape))
    made = FilmMap.of(model)
    places = made.places[np.argsort(made.items)]
    assert np.abs(places).max() == 1
    within = max(np.linalg.norm(part - part.mean(0), axis=1).mean() for part in (places[:30], places[30:]))
    assert np.linalg.norm(places[:30].mean(0) - places[30:].mean(0)) > 2 * within
    np.testing.assert_array_equal(FilmMap.of(model).places, made.places)


def test_a_map_is_kept_for_its_own_model_only(small: Small, tmp_path: Path) -> None:
    path = tmp_path / "map.safetensors"
    assert FilmMap.kept(small.saved, path) is None
    made = FilmMap.of(small.saved)
    assert len(made.items) == len(small.saved.items)
    made.keep(small.saved, path)
    kept = FilmMap.kept(small.saved, path)
    assert kept is not None
    np.testing.assert_array_equal(kept.places, made.places)
    assert FilmMap.kept(replace(small.saved, e_items=2 * small.saved.e_items), path) is None
    other = FilmMap(made.items, -made.places)
    arrays = load_file(path)
    save_file({**arrays, "places": other.places}, path)  # altered: the digest is no longer its own
    assert FilmMap.kept(small.saved, path) is None
    path.write_bytes(b"no map")
    assert FilmMap.kept(small.saved, path) is None


def test_a_handful_of_films_has_a_map(small: Small) -> None:
    for n in (1, 2, 7):
        made = FilmMap.of(with_films(small.saved, np.eye(small.saved.width)[np.arange(n) % small.saved.width]))
        assert np.isfinite(made.places).all()
