"""A comparison: several models under one protocol on one or several splits, with intervals and tests."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tastegraph.errors import EvaluationError
from tastegraph.graph.devices import CPU
from tastegraph.ranking.beyond import LOWER_IS_BETTER
from tastegraph.ranking.exposure import exposure
from tastegraph.ranking.intervals import bootstrap_intervals
from tastegraph.ranking.other_protocols import SAMPLED_NEGATIVES, SAMPLING_MISLEADS
from tastegraph.ranking.significance import against_best
from tastegraph.studies.contenders import contend
from tastegraph.studies.evidence import Evidence
from tastegraph.studies.manner import describe_groups, widened
from tastegraph.studies.memory import check_memory
from tastegraph.studies.models import settings_of, title_of
from tastegraph.studies.result import describe_data
from tastegraph.studies.trial import Trial
from tastegraph.studies.watcher import Titled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch
    from numpy.typing import NDArray

    from tastegraph.data.dataset import Dataset
    from tastegraph.studies.manner import Manner
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.watcher import Watcher

__all__ = ["Comparison", "compare"]

SCHEMA = 1


@dataclass(frozen=True, eq=False)
class Comparison:
    """What a comparison came to.

    Attributes:
        result: the content of comparison.json.
        per_user: each metric of each model's list for each user, averaged over the seeds: columns model, user, metrics.
    """

    result: dict[str, Any]
    per_user: pl.DataFrame


def compare(
    recipe: Recipe,
    dataset: Dataset,
    names: Sequence[str],
    manner: Manner,
    watcher: Watcher,
    *,
    seeds: int = 1,
    origin: str = "the recipe",
    trial: Trial | None = None,
    device: torch.device = CPU,
) -> Comparison:
    """Fit each model on the same splits, choose on validation, and judge its lists of the test part once a split.

    With several seeds, number s splits with split.seed + s (a published split stays) and draws with each model's seed
    + s. Intervals and tests are over users, whose metrics are averaged over the seeds first; the spread is over seeds.

    Args:
        recipe: data, split, and the settings of every model.
        dataset: what `recipe.data` names, loaded.
        names: models, each once.
        manner: protocol and lengths of lists; beyond accuracy and groups are always told.
        watcher: is told how it goes on.
        seeds: how many.
        origin: where the settings come from, for people.
        trial: `Trial.of(dataset, recipe)`, where it was made before.
        device: what LightGCN and MF are trained and ranked on.

    Raises:
        TasteGraphError: the data, a setting or a model does not work out.
    """
    if seeds < 1 or not names:
        raise EvaluationError(f"a comparison needs a model and a seed; found {len(names)} models, {seeds} seeds")
    k = tuple(manner.k or recipe.evaluation.k)
    manner = replace(manner, k=k)
    parts: dict[str, list[_Part]] = {name: [] for name in names}
    first = trial or Trial.of(dataset, recipe)
    check_memory(names, first, recipe)
    for seed in range(seeds):
        seeded = recipe.at_seed(seed)
        split = Trial.of(dataset, seeded) if seed else first
        evidence = Evidence.of(split, dataset, seeded)
        evidence.check(manner.protocol)
        told = Titled(watcher, f", seed {seed}") if seeds > 1 else watcher
        for name in names:
            parts[name].append(_part_of(name, split, evidence, seeded, replace(manner, groups=not seed), told, device))
    per_user, sampled = _per_user(parts), manner.protocol == SAMPLED_NEGATIVES
    return Comparison(
        {
            "schema": SCHEMA,
            "data": describe_data(dataset, first),
            "split": {"method": "published" if dataset.published_test is not None else recipe.split.method},
            "protocol": manner.protocol,
            "k": list(k),
            "select": recipe.evaluation.select,
            "seeds": seeds,
            "settings": origin,
            **({"negatives": manner.negatives} if sampled else {}),
            "users": per_user["user"].n_unique(),
            "models": _models(recipe, parts, per_user),
            "warnings": [SAMPLING_MISLEADS] if sampled else [],
        },
        per_user,
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """One model on one split.

    Attributes:
        validation: mean validation metrics.
        test: mean test metrics, and figures of the catalogue.
        of_catalogue: intervals of those figures, which no user has alone.
        groups: metrics by group; of the first split alone.
        seconds: "fit" and "rank".
        best_epoch: where it was trained by gradient.
        values: test metrics user by user: columns user, metrics.
    """

    validation: Mapping[str, float]
    test: Mapping[str, float]
    of_catalogue: Mapping[str, list[float]]
    groups: Mapping[str, list[dict[str, Any]]]
    seconds: Mapping[str, float]
    best_epoch: int | None
    values: pl.DataFrame


def _part_of(
    name: str,
    trial: Trial,
    evidence: Evidence,
    recipe: Recipe,
    manner: Manner,
    watcher: Watcher,
    device: torch.device,
) -> _Part:
    k = manner.k or ()
    contender = contend(name, trial, recipe, watcher, device=device)
    watcher.judging(title_of(name))
    began = time.perf_counter()
    judged = evidence.judge(contender.ranker, k, manner.protocol, negatives=manner.negatives, seed=manner.seed)
    seconds = {"fit": contender.seconds, "rank": time.perf_counter() - began}
    judged = widened(judged, evidence, k)
    figures = exposure(judged.lists, evidence.catalogue.profiles.num_columns, k)
    ids = evidence.trial.split.fit.users.ids.gather(judged.users)
    return _Part(
        validation=contender.validation,
        test=judged.means() | {metric: figure.value for metric, figure in figures.items()},
        of_catalogue={metric: list(figure.interval) for metric, figure in figures.items()},
        groups=describe_groups(judged, evidence, k) if manner.groups else {},
        seconds=seconds,
        best_epoch=contender.trained.best_epoch if contender.trained else None,
        values=pl.DataFrame({"user": ids, **judged.values}).with_columns(pl.selectors.float().fill_nan(None)),
    )


def _per_user(parts: Mapping[str, Sequence[_Part]]) -> pl.DataFrame:
    """A user's mean over the seeds in which the user was judged, in the same order of users for each model."""
    return pl.concat(
        pl.concat([part.values for part in some])
        .group_by("user")
        .agg(pl.all().mean())
        .sort("user")
        .select(pl.lit(name).alias("model"), pl.all())
        for name, some in parts.items()
    )


def _models(recipe: Recipe, parts: Mapping[str, Sequence[_Part]], per_user: pl.DataFrame) -> dict[str, Any]:
    tables = {str(name): table.drop("model", "user") for (name,), table in per_user.group_by("model")}
    values = {
        name: {metric: tables[name][metric].fill_null(np.nan).to_numpy() for metric in tables[name].columns}
        for name in parts
    }
    versus = _versus(values)
    return {
        name: {
            "title": title_of(name),
            "settings": settings_of(name, recipe),
            "metrics": {
                "validation": _means([part.validation for part in some]),
                "test": _means([part.test for part in some]),
            },
            "spread": {"test": _spreads([part.test for part in some])},
            "intervals": {"test": _intervals(values[name], some[0])},
            "versus": {metric: found[name] for metric, found in versus.items()},
            "groups": some[0].groups,
            "seconds": _means([part.seconds for part in some]),
            "best_epochs": [part.best_epoch for part in some if part.best_epoch is not None],
        }
        for name, some in parts.items()
    }


def _versus(values: Mapping[str, Mapping[str, NDArray[np.float64]]]) -> dict[str, dict[str, dict[str, Any]]]:
    """Each model beside the best, by metric."""
    metrics = next(iter(values.values()))
    found = {}
    for metric in metrics:
        own = {name: of[metric] for name, of in values.items()}
        if any(np.isnan(one).all() for one in own.values()):
            continue
        higher = metric.partition("@")[0] not in LOWER_IS_BETTER
        beside = against_best(own, higher_is_better=higher)
        found[metric] = {
            name: {
                "behind": one.behind,
                "interval": list(one.interval),
                "p": one.p,
                "p_holm": one.p_holm,
                "tied": one.tied,
            }
            for name, one in beside.items()
        }
    return found


def _intervals(values: Mapping[str, NDArray[np.float64]], first: _Part) -> dict[str, list[float]]:
    """Over users; of coverage and Gini, which no user has alone, those of the first seed."""
    of_users = {name: list(ends) for name, ends in bootstrap_intervals(values).items()}
    return {name: first.of_catalogue.get(name) or of_users[name] for name in first.test}


def _means(figures: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([one[name] for one in figures])) for name in figures[0]}


def _spreads(figures: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Standard deviations over seeds; empty for a single one."""
    if len(figures) < 2:
        return {}
    return {name: float(np.std([one[name] for one in figures], ddof=1)) for name in figures[0]}
