from __future__ import annotations

import math

import numpy as np

from tastegraph.lightgcn.config import ModelConfig
from tastegraph.lightgcn.ranking import ranking_embeddings

USERS = np.array([[3.0, 4.0], [0.0, 0.0]], np.float32)
ITEMS = np.array([[0.0, 2.0], [5.0, 0.0], [3.0, 4.0]], np.float32)
POPULARITY = np.array([0, 1, 9])


def test_by_default_the_rows_are_the_models_own() -> None:
    users, items = ranking_embeddings(USERS, ITEMS, POPULARITY, ModelConfig())
    assert users is USERS
    assert items is ITEMS


def test_cosines_are_inner_products_of_rows_of_length_one() -> None:
    users, items = ranking_embeddings(USERS, ITEMS, POPULARITY, ModelConfig(ranking="cosine"))
    np.testing.assert_allclose(users @ items.T, np.array([[0.8, 0.6, 1], [0, 0, 0]]), atol=1e-6)


def test_a_prior_adds_its_share_of_the_logarithm_of_popularity() -> None:
    shape = ModelConfig(ranking="cosine", popularity_prior=0.5)
    users, items = ranking_embeddings(USERS, ITEMS, POPULARITY, shape)
    prior = [0, 0, math.log(9) / 2]
    np.testing.assert_allclose(users @ items.T, np.array([[0.8, 0.6, 1], [0, 0, 0]]) + prior, atol=1e-6)
    assert users.dtype == items.dtype == np.float32
