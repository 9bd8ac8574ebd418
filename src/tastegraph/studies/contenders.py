"""Contenders: LightGCN and the baselines, each fitted, chosen on validation and judged once on test."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch

from tastegraph.baselines.popularity import Popularity
from tastegraph.graph.top_k_operator import rank_embeddings
from tastegraph.lightgcn.training import train
from tastegraph.ranking.protocol import full_ranking

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from tastegraph.graph.neighbours import NeighbourLists
    from tastegraph.lightgcn.training import Embeddings, Epoch, Trained
    from tastegraph.ranking.protocol import Judged, Ranker
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.trial import Trial

__all__ = [
    "Contender",
    "InnerProduct",
    "Watcher",
    "contend_lightgcn",
    "contend_mf",
    "contend_popularity",
]


class Watcher(Protocol):
    """Is told how fitting goes on."""

    def stage(self, name: str, epochs: int) -> None:
        """A model's training begins; it takes `epochs` at most."""

    def step(self, step: int, steps: int, loss: float) -> None:
        """A step of an epoch is done."""

    def epoch(self, record: Epoch) -> None:
        """An epoch is done."""


@dataclass(frozen=True, eq=False)
class InnerProduct:
    """Ranks by y_ui = e_u . e_i."""

    embeddings: Embeddings

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user, int32 [n, k]; see `rank_embeddings`."""
        e_users, e_items = (torch.from_numpy(side) for side in self.embeddings)
        return rank_embeddings(e_users, e_items, users, k, exclude)


@dataclass(frozen=True, eq=False)
class Contender:
    """A fitted model and what it came to.

    Attributes:
        validation: its mean validation metrics.
        test: its test metrics, user by user.
        seconds: "train" and "evaluate" (the test).
        trained: embeddings and epochs, where it was trained by gradient.
    """

    validation: Mapping[str, float]
    test: Judged
    seconds: Mapping[str, float]
    trained: Trained | None = None


def contend_popularity(trial: Trial, recipe: Recipe) -> Contender:
    """Popularity of the fit part."""
    began = time.perf_counter()
    chosen, final = (Popularity().fit(t.split.fit) for t in (trial, trial.final))
    seconds = time.perf_counter() - began
    validation = full_ranking(chosen, trial.validation, trial.graph.items_of, recipe.evaluation.k).means()
    return _judge(final, trial, recipe, validation, seconds)


def contend_mf(trial: Trial, recipe: Recipe, watcher: Watcher) -> Contender:
    """Matrix factorization: LightGCN's training with K = 0."""
    flat = recipe.model.model_copy(update={"num_layers": 0, "alpha": "uniform"})
    return contend_lightgcn(trial, recipe.model_copy(update={"model": flat}), watcher, name="MF (K = 0)")


def contend_lightgcn(trial: Trial, recipe: Recipe, watcher: Watcher, name: str = "LightGCN") -> Contender:
    """LightGCN, stopped early on validation; trained again for the chosen number of epochs where the trial refits."""
    began = time.perf_counter()

    def validate(embeddings: Embeddings) -> Mapping[str, float]:
        judged = full_ranking(
            InnerProduct(embeddings),
            trial.validation,
            trial.graph.items_of,
            recipe.evaluation.validation_k,
        )
        return judged.means()

    watcher.stage(name, recipe.training.epochs)
    trained = train(
        trial.graph,
        recipe.model,
        recipe.training,
        validate=validate,
        select=recipe.evaluation.select,
        on_step=watcher.step,
        on_epoch=watcher.epoch,
    )
    validation = trained.epochs[trained.best_epoch - 1].validation
    if trial.refits:
        watcher.stage(f"{name} refit", trained.best_epoch)
        trained = train(
            trial.final.graph,
            recipe.model,
            recipe.training,
            stop_after=trained.best_epoch,
            on_step=watcher.step,
            on_epoch=watcher.epoch,
        )
    seconds = time.perf_counter() - began
    return _judge(InnerProduct(trained.embeddings), trial, recipe, validation, seconds, trained)


def _judge(
    ranker: Ranker,
    trial: Trial,
    recipe: Recipe,
    validation: Mapping[str, float],
    train_seconds: float,
    trained: Trained | None = None,
) -> Contender:
    """Score the test part, once."""
    began = time.perf_counter()
    test = full_ranking(ranker, trial.final.test, trial.final.known, recipe.evaluation.k)
    seconds = {"train": train_seconds, "evaluate": time.perf_counter() - began}
    return Contender(validation, test, seconds, trained)
