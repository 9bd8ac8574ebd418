from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tastegraph.data.load import load
from tastegraph.errors import ModelError, UnknownUserError
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.lightgcn.config import ModelConfig, TrainingConfig
from tastegraph.studies.fitted_lightgcn import FittedLightGCN

if TYPE_CHECKING:
    from pathlib import Path

    from tastegraph.data.interactions import Interactions

USERS = np.arange(60)


@pytest.fixture
def liked(ratings_csv: Path) -> Interactions:
    return load(str(ratings_csv)).interactions.positives(4.0)


@pytest.fixture
def known(liked: Interactions) -> NeighbourLists:
    return NeighbourLists.from_pairs(liked.user, liked.item, len(liked.users), len(liked.items))


def _small() -> FittedLightGCN:
    return FittedLightGCN(ModelConfig(embedding_dim=8), TrainingConfig(epochs=30, batch_size=128))


def test_it_keeps_to_what_every_baseline_keeps_to(liked: Interactions, known: NeighbourLists, tmp_path: Path) -> None:
    """Masking, determinism, a refit afresh, places beyond the catalogue, unknown users, save and load."""
    model = _small().fit(liked)
    lists = model.rank(USERS, 10, known)
    assert lists.shape == (60, 10)
    assert not known.contain(np.repeat(USERS, 10), lists.ravel()).any()
    assert np.array_equal(_small().fit(liked).rank(USERS, 10, known), lists)
    again = _small().fit(liked.where(liked.item % 3 > 0)).fit(liked)
    assert np.array_equal(again.rank(USERS, 10, known), lists)
    beyond = model.rank(np.array([0]), 45, known)
    assert (beyond[0] >= 0).sum() == 40 - known.counts[0]
    with pytest.raises(UnknownUserError, match=r"no user index 60; LightGCN has learned 0\.\.59"):
        model.rank(np.array([60]), 3, None)
    with pytest.raises(ModelError, match="k = 0"):
        model.rank(USERS, 0, None)
    model.save(tmp_path / "model")
    assert np.array_equal(FittedLightGCN.load(tmp_path / "model").rank(USERS, 10, known), lists)


def test_it_lists_ones_own_taste(liked: Interactions, known: NeighbourLists) -> None:
    taste_of_user = np.array([int(name.split()[1]) % 2 for name in liked.users.ids.to_list()])
    taste_of_item = np.array([int(name.split()[1]) // 20 for name in liked.items.ids.to_list()])
    lists = _small().fit(liked).rank(USERS, 5, known)
    assert (taste_of_item[lists] == taste_of_user[:, None]).mean() > 0.9


def test_what_is_not_fitted_or_damaged_is_told_in_a_line(liked: Interactions, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not fitted"):
        _small().rank(USERS, 3, None)
    with pytest.raises(ModelError, match="the fit part is empty"):
        _small().fit(liked.where(np.zeros(len(liked), bool)))
    with pytest.raises(ModelError, match="no saved LightGCN"):
        FittedLightGCN.load(tmp_path)
    _small().fit(liked).save(tmp_path)
    (tmp_path / "lightgcn.safetensors").write_bytes(b"\x00" * 20)
    with pytest.raises(ModelError, match="damaged"):
        FittedLightGCN.load(tmp_path)
