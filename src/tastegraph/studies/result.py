"""result.json: what a run came to, in numbers."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tastegraph.ranking.full_ranking import FULL_RANKING
from tastegraph.ranking.intervals import bootstrap_intervals
from tastegraph.studies.models import LIGHTGCN, title_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tastegraph.data.dataset import Dataset
    from tastegraph.lightgcn.checkpoint import Epoch
    from tastegraph.ranking.full_ranking import Judged
    from tastegraph.studies.contenders import Scored
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.trial import Trial

__all__ = ["SCHEMA", "describe_data", "describe_result", "main_metric", "rows_of", "shown_metrics"]

SCHEMA = 1
SHOWN = ("recall", "precision", "ndcg")


def describe_result(
    recipe: Recipe,
    dataset: Dataset,
    trial: Trial,
    lightgcn: Scored,
    baselines: Mapping[str, Scored],
    load_seconds: float,
    ranks: int = 1,
) -> dict[str, Any]:
    """The content of result.json: metric names are lower case, name@K, and intervals are 95 % over users."""
    trained = lightgcn.contender.trained
    assert trained is not None  # noqa: S101 (LightGCN is trained by gradient)
    return {
        "schema": SCHEMA,
        "data": describe_data(dataset, trial),
        "split": {"method": _method(dataset, recipe), "warning": recipe.split.warning},
        "protocol": FULL_RANKING,
        "k": list(recipe.evaluation.k),
        "select": recipe.evaluation.select,
        "metrics": {"validation": dict(lightgcn.contender.validation), "test": lightgcn.test.means()},
        "intervals": {"test": _intervals(lightgcn.test)},
        "users": {"validation": len(trial.validation.users), "test": len(trial.final.test.users)},
        "best_epoch": trained.best_epoch,
        "ranks": ranks,
        "notes": _notes(recipe.evaluation.select, lightgcn.contender.chosen_by),
        "seconds": {"load": load_seconds, **lightgcn.seconds},
        "baselines": {
            name: {
                "title": title_of(name),
                "metrics": {
                    "validation": dict(scored.contender.validation),
                    "test": scored.test.means(),
                },
                "intervals": {"test": _intervals(scored.test)},
                "lead": _lead(lightgcn.test, scored.test),
                "best_epoch": _best_epoch(scored),
                "seconds": dict(scored.seconds),
            }
            for name, scored in baselines.items()
        },
    }


def _notes(select: str, chosen_by: Sequence[Epoch]) -> list[str]:
    """What a reader of the figures should know of the training."""
    values = [(epoch.epoch, epoch.validation[select]) for epoch in chosen_by if select in epoch.validation]
    if len(values) < 2 or max(value for _, value in values[1:]) > values[0][1]:
        return []
    first, height = values[0]
    said = f"validation {select} never rose above the {height:.4f} of epoch {first}, its first"
    return [f"{said}: try another training.learning_rate, a smaller one to begin with, or more training.weight_decay"]


def _best_epoch(scored: Scored) -> int | None:
    trained = scored.contender.trained
    return trained.best_epoch if trained else None


def describe_data(dataset: Dataset, trial: Trial) -> dict[str, Any]:
    """Counts of a data set and of its parts, and its digest."""
    split, final = trial.split, trial.final.split
    return {
        "name": dataset.name,
        "digest": dataset.digest,
        "users": len(dataset.interactions.users),
        "items": len(dataset.interactions.items),
        "interactions": len(dataset.interactions),
        "duplicates": dataset.duplicates,
        "understood": dataset.understood,
        "cleaning": [asdict(step) for step in trial.removed],
        "positives": len(split.positives),
        "refit": trial.refits,
        "fit": {
            "users": len(final.fit.users),
            "items": len(final.fit.items),
            "pairs": len(final.fit),
        },
        "validation": {"pairs": len(split.validation), "cold": split.validation.cold},
        "test": {
            "pairs": len(final.test),
            "cold": final.test.cold,
            "strangers": final.test.strangers,
        },
    }


def rows_of(result: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The part of each model in result.json, LightGCN first, by its title."""
    return {
        title_of(LIGHTGCN): result,
        **{title_of(name): part for name, part in result["baselines"].items()},
    }


def shown_metrics(result: Mapping[str, Any]) -> list[str]:
    """The metrics that a terminal shows: recall, precision and NDCG at every K, and the one that was selected by."""
    names = [f"{name}@{k}" for k in sorted(set(result["k"])) for name in SHOWN]
    return list(dict.fromkeys([*names, main_metric(result)]))


def main_metric(result: Mapping[str, Any]) -> str:
    """The metric that a lead is told by: the one that was selected by, where the test part has it, else NDCG."""
    select = result.get("select")  # older runs do not say it
    return str(select) if select in result["metrics"]["test"] else f"ndcg@{min(result['k'])}"


def _method(dataset: Dataset, recipe: Recipe) -> str:
    return recipe.split.method if dataset.published_test is None else "published"


def _intervals(judged: Judged) -> dict[str, list[float]]:
    return {name: list(ends) for name, ends in bootstrap_intervals(judged.values).items()}


def _lead(ours: Judged, theirs: Judged) -> dict[str, dict[str, Any]]:
    """How far LightGCN is ahead, user by user: the mean difference and its paired interval."""
    ahead = {name: ours.values[name] - theirs.values[name] for name in ours.values}
    intervals = bootstrap_intervals(ahead)
    return {name: {"mean": float(gap.mean()), "interval": list(intervals[name])} for name, gap in ahead.items()}
