"""Contenders: LightGCN and the baselines, each fitted and chosen on validation, ready to be judged once on test."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import torch

from tastegraph.baselines.models import BASELINES
from tastegraph.graph import devices
from tastegraph.graph.top_k_operator import rank_embeddings
from tastegraph.lightgcn.training import train
from tastegraph.ranking.protocol import full_ranking
from tastegraph.ranks.alone import ALONE
from tastegraph.studies.models import LIGHTGCN, MF, title_of
from tastegraph.studies.shared_lists import SharedLists

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from tastegraph.graph.neighbours import NeighbourLists
    from tastegraph.lightgcn.checkpoint import Epoch, Keeper
    from tastegraph.lightgcn.training import Embeddings, Trained
    from tastegraph.ranking.protocol import Judged, Ranker
    from tastegraph.ranks.alone import Ranks
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.shared_keeper import Keepers
    from tastegraph.studies.trial import Trial

__all__ = [
    "Chosen",
    "Contender",
    "InnerProduct",
    "Scored",
    "Silent",
    "Titled",
    "Watcher",
    "choose",
    "contend",
    "score_test",
]


class Watcher(Protocol):
    """Is told how fitting goes on."""

    def stage(self, name: str, epochs: int | None) -> None:
        """A model's fitting begins; it takes `epochs` at most, or is of one piece."""

    def step(self, step: int, steps: int, loss: float) -> None:
        """A step of an epoch is done."""

    def epoch(self, record: Epoch) -> None:
        """An epoch is done."""

    def judging(self, name: str) -> None:
        """A fitted model's lists are made and judged."""


class Silent:
    """A watcher that tells nobody."""

    def stage(self, name: str, epochs: int | None) -> None:
        """Fitting begins."""

    def step(self, step: int, steps: int, loss: float) -> None:
        """A step is done."""

    def epoch(self, record: Epoch) -> None:
        """An epoch is done."""

    def judging(self, name: str) -> None:
        """Lists are judged."""


@dataclass(frozen=True)
class Titled:
    """Passes on what it is told, each stage under a longer title: "EASE, trial 3"."""

    watcher: Watcher
    suffix: str

    def stage(self, name: str, epochs: int | None) -> None:
        """Fitting begins."""
        self.watcher.stage(f"{name}{self.suffix}", epochs)

    def step(self, step: int, steps: int, loss: float) -> None:
        """A step is done."""
        self.watcher.step(step, steps, loss)

    def epoch(self, record: Epoch) -> None:
        """An epoch is done."""
        self.watcher.epoch(record)

    def judging(self, name: str) -> None:
        """Lists are judged."""
        self.watcher.judging(f"{name}{self.suffix}")


@dataclass(frozen=True, eq=False)
class InnerProduct:
    """Ranks by y_ui = e_u . e_i.

    Attributes:
        embeddings: users' and items' rows.
        device: what computes the lists.
    """

    embeddings: Embeddings
    device: torch.device = devices.CPU

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user, int32 [n, k]; see `rank_embeddings`."""
        e_users, e_items = self._rows
        return rank_embeddings(e_users, e_items, users, k, exclude)

    @cached_property
    def _rows(self) -> tuple[torch.Tensor, torch.Tensor]:
        e_users, e_items = (torch.from_numpy(side).to(self.device) for side in self.embeddings)
        return e_users, e_items


@dataclass(frozen=True, eq=False)
class Contender:
    """A fitted model that has not seen the test part.

    Attributes:
        ranker: makes its lists in the trial that the test part is judged in.
        validation: its mean validation metrics.
        seconds: what fitting took, the choice on validation and a refit included.
        trained: embeddings and epochs, where it was trained by gradient.
        chosen_by: the epochs that validation chose from, where it was; those of `trained`, unless it is a refit.
    """

    ranker: Ranker
    validation: Mapping[str, float]
    seconds: float
    trained: Trained | None = None
    chosen_by: tuple[Epoch, ...] = ()


@dataclass(frozen=True, eq=False)
class Scored:
    """A contender and what its lists of the test part came to.

    Attributes:
        contender: the model.
        test: its test metrics, user by user.
        seconds: "train" and "evaluate" (the test).
    """

    contender: Contender
    test: Judged
    seconds: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Chosen:
    """A model fitted on the fit part alone.

    Attributes:
        ranker: makes lists.
        validation: its mean validation metrics; of the best epoch, where it was trained by gradient.
        trained: embeddings and epochs, where it was.
    """

    ranker: Ranker
    validation: Mapping[str, float]
    trained: Trained | None = None


def contend(
    name: str,
    trial: Trial,
    recipe: Recipe,
    watcher: Watcher,
    checkpoints: Keepers | None = None,
    *,
    device: torch.device = devices.CPU,
    ranks: Ranks = ALONE,
) -> Contender:
    """Fit a model by its name, with the recipe's settings for it; again on more, where the trial refits.

    LightGCN and MF are stopped early on validation; they are trained again for the chosen number of epochs.

    Args:
        name: "lightgcn", "mf", or a baseline's.
        trial: what is learned from and chosen by.
        recipe: settings of all models.
        watcher: is told how it goes on.
        checkpoints: keep what is trained by gradient, and say where to go on.
        device: what LightGCN and MF are trained and ranked on; all others compute on the CPU.
        ranks: processes that train by gradient together, and make lists; all call this with the same arguments.

    Raises:
        ModelError: it does not work out.
    """
    began = time.perf_counter()
    chosen = choose(name, trial, recipe, watcher, checkpoints, device=device, ranks=ranks)
    ranker, trained = chosen.ranker, chosen.trained
    before = trained.seconds_before if trained is not None else 0.0
    epochs = trained.epochs if trained is not None else ()
    if trial.refits and trained is None:
        watcher.stage(f"{title_of(name)} refit", None)
        ranker = _fitted(name, trial.final, recipe)
    elif trial.refits and trained is not None:
        own = _own_recipe(name, recipe)
        watcher.stage(f"{title_of(name)} refit", trained.best_epoch)
        trained = train(
            trial.final.graph,
            own.model,
            own.training,
            device=device,
            stop_after=trained.best_epoch,
            keeper=checkpoints.keeper(f"{name}-refit") if checkpoints else None,
            on_step=watcher.step,
            on_epoch=watcher.epoch,
            ranks=ranks,
        )
        ranker = _lists_of(trained.embeddings, device, ranks)
        before += trained.seconds_before
    return Contender(ranker, chosen.validation, before + time.perf_counter() - began, trained, epochs)


def score_test(contender: Contender, trial: Trial, recipe: Recipe) -> Scored:
    """Score the test part, once, by full ranking."""
    began = time.perf_counter()
    test = full_ranking(contender.ranker, trial.final.test, trial.final.known, recipe.evaluation.k)
    return Scored(contender, test, {"train": contender.seconds, "evaluate": time.perf_counter() - began})


def choose(
    name: str,
    trial: Trial,
    recipe: Recipe,
    watcher: Watcher,
    checkpoints: Keepers | None = None,
    *,
    device: torch.device = devices.CPU,
    ranks: Ranks = ALONE,
) -> Chosen:
    """Fit a model on the fit part and judge it on validation; the test part is not looked at."""
    if name in (LIGHTGCN, MF):
        keeper = checkpoints.keeper(f"{name}-select") if checkpoints else None
        return _trained(title_of(name), trial, _own_recipe(name, recipe), watcher, keeper, device, ranks)
    watcher.stage(title_of(name), None)
    ranker = _fitted(name, trial, recipe)
    return Chosen(ranker, _validation(ranker, trial, recipe))


def _own_recipe(name: str, recipe: Recipe) -> Recipe:
    return recipe.of_mf() if name == MF else recipe


def _fitted(name: str, trial: Trial, recipe: Recipe) -> Ranker:
    return BASELINES[name](**recipe.models.get(name, {})).fit(trial.split.fit)


def _lists_of(embeddings: Embeddings, device: torch.device, ranks: Ranks) -> Ranker:
    ranker = InnerProduct(embeddings, device)
    return ranker if ranks.size == 1 else SharedLists(ranker, ranks, len(embeddings[1]))


def _trained(
    title: str,
    trial: Trial,
    recipe: Recipe,
    watcher: Watcher,
    keeper: Keeper | None,
    device: torch.device,
    ranks: Ranks,
) -> Chosen:
    def validate(embeddings: Embeddings) -> Mapping[str, float]:
        return _validation(_lists_of(embeddings, device, ranks), trial, recipe)

    watcher.stage(title, recipe.training.epochs)
    trained = train(
        trial.graph,
        recipe.model,
        recipe.training,
        device=device,
        validate=validate,
        select=recipe.evaluation.select,
        keeper=keeper,
        on_step=watcher.step,
        on_epoch=watcher.epoch,
        ranks=ranks,
    )
    ranker = _lists_of(trained.embeddings, device, ranks)
    return Chosen(ranker, trained.epochs[trained.best_epoch - 1].validation, trained)


def _validation(ranker: Ranker, trial: Trial, recipe: Recipe) -> Mapping[str, float]:
    lengths = recipe.evaluation.validation_k
    return full_ranking(ranker, trial.validation, trial.graph.items_of, lengths).means()
