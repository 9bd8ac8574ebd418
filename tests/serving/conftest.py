"""A LightGCN small enough to be computed by dense formulas, saved as a run saves it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
import torch

from tastegraph.data.vocabulary import Vocabulary
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.lightgcn.config import ModelConfig
from tastegraph.lightgcn.model import LightGCN
from tastegraph.lightgcn.ranking import ranking_embeddings
from tastegraph.lightgcn.recent import recent_step, recent_users
from tastegraph.saved_model import SavedModel
from tastegraph.studies.saving import folding_of

USERS, ITEMS, ALPHA = 12, 9, (0.1, 0.2, 0.3, 0.4)
TITLES = ["Alien", "Brazil", "Heat", "Heat", "Casablanca", "Dune", "Dune", "Fargo", None]
YEARS = [1979, 1985, 1995, 1986, 1942, 1984, 2021, 1996, None]
GENRES = [["Sci-Fi"], ["Sci-Fi"], ["Crime"], ["Crime"], ["Drama"], ["Sci-Fi"], ["Sci-Fi", "Drama"], ["Crime"], None]


@dataclass(frozen=True, eq=False)
class Small:
    """The saved model beside the dense adjacency [users, items] and E0 [nodes, d] that it came from."""

    saved: SavedModel
    adjacency: np.ndarray
    e0: np.ndarray
    graph: BipartiteGraph

    @property
    def edges(self) -> np.ndarray:
        """The dense adjacency of all nodes, users first."""
        users, items = self.adjacency.shape
        joined = np.zeros((users + items, users + items))
        joined[:users, users:] = self.adjacency
        return np.asarray(joined + joined.T)

    @property
    def propagation(self) -> np.ndarray:
        """P, dense: D^-a A D^-b."""
        a, b = self.saved.folding.exponents
        degree = self.edges.sum(1)
        return np.asarray(self.edges * np.outer(degree**-a, degree**-b))


@pytest.fixture(params=["inner", "cosine", "prior", "exponents", "recency"])
def small(request: pytest.FixtureRequest) -> Small:
    """By inner product, by cosine, also with a popularity prior, by other exponents, with later items weighing more."""
    rng = np.random.default_rng(3)
    adjacency = rng.random((USERS, ITEMS)) < 0.4
    adjacency[np.arange(USERS), np.arange(USERS) % ITEMS] = True
    user, item = np.nonzero(adjacency)
    age = np.concatenate([rng.permutation(count) + 1 for count in adjacency.sum(1)])
    graph = BipartiteGraph.from_pairs(user, item, USERS, ITEMS, age)
    shape = ModelConfig(
        embedding_dim=4, num_layers=3, alpha=ALPHA,
        ranking="inner" if request.param in ("inner", "exponents") else "cosine",
        exponents=(0.7, 0.2) if request.param == "exponents" else (0.5, 0.5),
        popularity_prior=0.3 if request.param == "prior" else 0.0,
        recency=1.3 if request.param == "recency" else 0.0,
    )  # fmt: skip
    model = LightGCN(USERS, ITEMS, **shape.size, generator=torch.manual_seed(1))
    users, items = (part.detach().numpy() for part in model(graph))
    if shape.recency:
        users = recent_users(model, graph, recent_step(graph, shape.exponents, shape.recency)).numpy()
    e_users, e_items = ranking_embeddings(users, items, graph.users_of.counts, shape)
    ids = pl.Series("item", np.arange(ITEMS) * 10 + 10, dtype=pl.Int64)
    table = pl.DataFrame({"item": ids, "title": TITLES, "year": YEARS, "genres": GENRES})
    saved = SavedModel(
        e_users,
        e_items,
        folding_of(model, graph, shape.recency),
        graph.items_of,
        Vocabulary(pl.Series([f"u{user:02}" for user in range(USERS)])),
        Vocabulary(ids),
        table,
        graph.items_of,
        shape.ranking,
        age=age,
    )
    return Small(saved, adjacency, model.E0.detach().numpy().astype(np.float64), graph)
