"""Contenders: LightGCN and the baselines, each fitted and chosen on validation, ready to be judged once on test."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tastegraph.baselines.models import BASELINES
from tastegraph.graph import devices
from tastegraph.lightgcn.ranking import InnerProduct
from tastegraph.lightgcn.training import train
from tastegraph.ranking.full_ranking import full_ranking
from tastegraph.ranks.alone import ALONE
from tastegraph.studies.fusions import fused, fusion_config, is_fusion, parts_of
from tastegraph.studies.models import BY_GRADIENT, MF, title_of
from tastegraph.studies.shared_lists import SharedLists

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

    from tastegraph.graph.bipartite import BipartiteGraph
    from tastegraph.lightgcn.checkpoint import Epoch, Keeper
    from tastegraph.lightgcn.ranking import Embeddings
    from tastegraph.lightgcn.training import Trained, Validate
    from tastegraph.ranking.full_ranking import Judged, Ranker
    from tastegraph.ranks.alone import Ranks
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.shared_keeper import Keepers
    from tastegraph.studies.trial import Trial
    from tastegraph.studies.watcher import Watcher

__all__ = ["Chosen", "Contender", "Scored", "choose", "contend", "score_test"]


@dataclass(frozen=True, eq=False)
class Contender:
    """A fitted model that has not seen the test part.

    Attributes:
        ranker: makes its lists in the trial that the test part is judged in.
        validation: its mean validation metrics; none where nothing was chosen.
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
    once: bool = False,
    device: torch.device = devices.CPU,
    ranks: Ranks = ALONE,
) -> Contender:
    """Fit a model by its name, with the recipe's settings for it; again on more, where the trial refits.

    LightGCN and MF are stopped early on validation; they are trained again for the chosen number of epochs. The models
    of a fusion are fitted one after the other, each as it is alone.

    Args:
        name: "lightgcn", "mf", a baseline's, or a fusion's, such as "lightgcn+ease".
        trial: what is learned from and chosen by.
        recipe: settings of all models.
        watcher: is told how it goes on.
        checkpoints: keep what is trained by gradient, and say where to go on.
        once: train LightGCN and MF but once where the trial refits and their only validation would come after the last
            epoch: it has nothing to choose from, and is left out.
        device: what LightGCN and MF are trained and ranked on; all others compute on the CPU.
        ranks: processes that train by gradient together, and make lists; all call this with the same arguments.

    Raises:
        ModelError: it does not work out.
    """
    fit = partial(_contended, trial, recipe, watcher, checkpoints, once, device, ranks)
    if not is_fusion(name):
        return fit(name)[0]
    made = [fit(part) for part in parts_of(name)]
    began = time.perf_counter()
    config = fusion_config(name, recipe.models.get(name, {}))
    validation: Mapping[str, float] = {}
    chosen = [ranker for _, ranker in made if ranker is not None]
    if len(chosen) == len(made):
        watcher.stage(title_of(name), None)
        validation = _validation(fused(chosen, config), trial, recipe)
    seconds = sum(part.seconds for part, _ in made) + time.perf_counter() - began
    return Contender(fused([part.ranker for part, _ in made], config), validation, seconds)


def _contended(
    trial: Trial,
    recipe: Recipe,
    watcher: Watcher,
    checkpoints: Keepers | None,
    once: bool,
    device: torch.device,
    ranks: Ranks,
    name: str,
) -> tuple[Contender, Ranker | None]:
    """`contend` for a single model, and what makes its lists of validation, if it was chosen by it."""
    own = _own_recipe(name, recipe)

    def trained_on_all(epochs: int, stage: str) -> tuple[Ranker, Trained]:
        watcher.stage(stage, epochs)
        keeper = checkpoints.keeper(f"{name}-refit") if checkpoints else None
        trained = _trained(trial.final.graph, own, watcher, keeper, device, ranks, stop_after=epochs)
        return _lists_of(trained.embeddings, device, ranks), trained

    began = time.perf_counter()
    if once and trial.refits and name in BY_GRADIENT and own.training.validate_every >= own.training.epochs:
        ranker, trained = trained_on_all(own.training.epochs, title_of(name))
        return Contender(ranker, {}, trained.seconds_before + time.perf_counter() - began, trained), None
    chosen = choose(name, trial, recipe, watcher, checkpoints, device=device, ranks=ranks)
    if chosen.trained is None:
        ranker = chosen.ranker
        if trial.refits:
            watcher.stage(f"{title_of(name)} refit", None)
            ranker = _fitted(name, trial.final, recipe)
        return Contender(ranker, chosen.validation, time.perf_counter() - began), chosen.ranker
    ranker, trained, before = chosen.ranker, chosen.trained, chosen.trained.seconds_before
    if trial.refits:
        ranker, trained = trained_on_all(trained.best_epoch, f"{title_of(name)} refit")
        before += trained.seconds_before
    seconds = before + time.perf_counter() - began
    return Contender(ranker, chosen.validation, seconds, trained, chosen.trained.epochs), chosen.ranker


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
    if name not in BY_GRADIENT:
        watcher.stage(title_of(name), None)
        ranker = _fitted(name, trial, recipe)
        return Chosen(ranker, _validation(ranker, trial, recipe))

    def validate(embeddings: Embeddings) -> Mapping[str, float]:
        return _validation(_lists_of(embeddings, device, ranks), trial, recipe)

    own = _own_recipe(name, recipe)
    watcher.stage(title_of(name), own.training.epochs)
    keeper = checkpoints.keeper(f"{name}-select") if checkpoints else None
    trained = _trained(trial.graph, own, watcher, keeper, device, ranks, validate=validate)
    ranker = _lists_of(trained.embeddings, device, ranks)
    return Chosen(ranker, trained.epochs[trained.best_epoch - 1].validation, trained)


def _own_recipe(name: str, recipe: Recipe) -> Recipe:
    return recipe.of_mf() if name == MF else recipe


def _fitted(name: str, trial: Trial, recipe: Recipe) -> Ranker:
    return BASELINES[name](**recipe.models.get(name, {})).fit(trial.split.fit)


def _lists_of(embeddings: Embeddings, device: torch.device, ranks: Ranks) -> Ranker:
    ranker = InnerProduct(embeddings, device)
    return ranker if ranks.size == 1 else SharedLists(ranker, ranks, len(embeddings[1]))


def _trained(
    graph: BipartiteGraph,
    recipe: Recipe,
    watcher: Watcher,
    keeper: Keeper | None,
    device: torch.device,
    ranks: Ranks,
    *,
    validate: Validate | None = None,
    stop_after: int | None = None,
) -> Trained:
    """LightGCN or MF on a graph: stopped early on validation, or after so many epochs."""
    return train(
        graph,
        recipe.model,
        recipe.training,
        device=device,
        stop_after=stop_after,
        validate=validate,
        select=recipe.evaluation.select,
        keeper=keeper,
        on_step=watcher.step,
        on_epoch=watcher.epoch,
        ranks=ranks,
    )


def _validation(ranker: Ranker, trial: Trial, recipe: Recipe) -> Mapping[str, float]:
    lengths = recipe.evaluation.validation_k
    return full_ranking(ranker, trial.validation, trial.graph.items_of, lengths).means()
