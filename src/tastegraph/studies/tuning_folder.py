"""The folder of a search: the recipe found, each trial, the environment."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from tastegraph.files import write_whole
from tastegraph.studies.environment import describe_environment
from tastegraph.studies.folder import check_folder, new_run
from tastegraph.studies.tuning import tune

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tastegraph.data.load import Dataset
    from tastegraph.studies.contenders import Watcher
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.trial import Trial
    from tastegraph.studies.tuning import Budget, Tuned

__all__ = ["tune_into"]


def tune_into(
    out: Path,
    recipe: Recipe,
    dataset: Dataset,
    trial: Trial,
    names: Sequence[str],
    budget: Budget,
    watcher: Watcher,
    *,
    force: bool,
) -> dict[str, Tuned]:
    """Search, and leave recipe.toml, trials.jsonl, tuning.json and environment.json; see `tune`.

    Raises:
        RunError: `out` is in the way.
        EvaluationError, ModelError: as `tune`; nothing is left then.
    """
    check_folder(out, force=force)
    with new_run(out) as folder:
        write_whole(
            folder / "environment.json", json.dumps(describe_environment(recipe, dataset.digests), indent=2) + "\n"
        )
        with (folder / "trials.jsonl").open("w", encoding="utf-8") as journal:
            best, found = tune(recipe, trial, names, budget, watcher, journal)
        summary = {
            "schema": 1,
            "data": dataset.name,
            "select": recipe.evaluation.select,
            "budget": asdict(budget),
            "models": {name: asdict(one) for name, one in found.items()},
        }
        write_whole(folder / "recipe.toml", best.to_toml())
        write_whole(folder / "tuning.json", json.dumps(summary, indent=2) + "\n")
    return found
