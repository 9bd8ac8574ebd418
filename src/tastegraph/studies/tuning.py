"""Tuning: the same budget for every model, chosen on validation alone, every trial recorded."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tastegraph.baselines.search_space import Choice, Integers, LogUniform
from tastegraph.errors import EvaluationError, ModelError, needs_extra
from tastegraph.studies.contenders import Titled, choose
from tastegraph.studies.memory import check_memory
from tastegraph.studies.models import ranges_of, settings_of, title_of, with_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

    from tastegraph.baselines.search_space import SearchRange
    from tastegraph.studies.contenders import Watcher
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.trial import Trial

__all__ = ["Budget", "Tuned", "holds", "searched_of", "tune"]


@dataclass(frozen=True)
class Budget:
    """What each model may spend.

    Attributes:
        trials: settings tried, at most, the recipe's own among them.
        seconds: no trial begins after so many; None for no limit.
    """

    trials: int = 20
    seconds: float | None = None


@dataclass(frozen=True)
class Tuned:
    """The best settings found of one model.

    Attributes:
        settings: by key of `ranges_of`; empty where there is nothing to choose.
        value: its validation metric.
        trials: how many settings were tried.
        seconds: what they took together.
    """

    settings: Mapping[str, Any]
    value: float
    trials: int
    seconds: float


def tune(
    recipe: Recipe, trial: Trial, names: Sequence[str], budget: Budget, watcher: Watcher, journal: TextIO
) -> tuple[Recipe, dict[str, Tuned]]:
    """Search each model's settings for the highest validation metric; the test part is never looked at.

    The recipe's own settings are tried first, then those that Optuna's tree-structured Parzen estimator proposes
    (Bergstra et al. 2011), seeded. A model without settings, such as popularity, takes one trial.

    Args:
        recipe: where the search begins; `recipe.evaluation.select` is raised.
        trial: the split.
        names: models.
        budget: of each of them.
        watcher: is told how it goes on.
        journal: gets a line of JSON for each trial.

    Returns:
        The recipe with the best settings found, and what was found of each model.

    Raises:
        EvaluationError: the budget is empty, or no trial of a model worked out.
        ModelError: the extra is missing, or a model needs more memory than there is.
    """
    if budget.trials < 1 or (budget.seconds is not None and not budget.seconds > 0):
        raise EvaluationError(f"a budget has a trial and time for it; found {budget.trials} trials, {budget.seconds} s")
    check_memory(names, trial, recipe)
    found = {}
    for name in names:
        found[name] = _tune_one(name, recipe, trial, budget, watcher, journal)
        recipe = with_settings(recipe, name, found[name].settings)
    return recipe, found


class _Journal:
    """Tries settings of one model, and writes each trial down."""

    def __init__(self, name: str, recipe: Recipe, trial: Trial, watcher: Watcher, lines: TextIO) -> None:
        self._name, self._recipe, self._trial, self._watcher, self._lines = name, recipe, trial, watcher, lines
        self.tried = 0

    def value_of(self, settings: Mapping[str, Any]) -> float | None:
        """The validation metric with these settings; None where the model does not work out with them."""
        self.tried += 1
        line: dict[str, Any] = {"model": self._name, "trial": self.tried, "settings": dict(settings)}
        began, value = time.perf_counter(), None
        try:
            recipe = with_settings(self._recipe, self._name, settings)
            validation = choose(
                self._name, self._trial, recipe, Titled(self._watcher, f", trial {self.tried}")
            ).validation
            line["validation"], value = dict(validation), validation[recipe.evaluation.select]
        except ModelError as error:
            line["failed"] = str(error)
        self._lines.write(json.dumps(line | {"seconds": round(time.perf_counter() - began, 3)}) + "\n")
        self._lines.flush()
        return value


def _tune_one(name: str, recipe: Recipe, trial: Trial, budget: Budget, watcher: Watcher, journal: TextIO) -> Tuned:
    with needs_extra("tuning", "compare"):
        import optuna

    began, ranges = time.perf_counter(), ranges_of(name, recipe)
    tries = _Journal(name, recipe, trial, watcher, journal)
    own = searched_of(settings_of(name, recipe), ranges)
    best, value = own, tries.value_of(own)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=recipe.training.seed))
    spaces = {key: _distribution(found) for key, found in ranges.items()}
    if value is not None and ranges and all(holds(found, own[key]) for key, found in ranges.items()):
        study.add_trial(optuna.trial.create_trial(params=own, distributions=spaces, value=value))
    while ranges and tries.tried < budget.trials and not _is_over(began, budget):
        draw = study.ask(spaces)
        found = tries.value_of(draw.params)
        if found is None:
            study.tell(draw, state=optuna.trial.TrialState.FAIL)
            continue
        study.tell(draw, found)
        if value is None or found > value:
            best, value = draw.params, found
    if value is None:
        raise EvaluationError(f"tuning: no trial of {title_of(name)} worked out; the last one says why in trials.jsonl")
    return Tuned(best, value, tries.tried, time.perf_counter() - began)


def _is_over(began: float, budget: Budget) -> bool:
    return budget.seconds is not None and time.perf_counter() - began >= budget.seconds


def searched_of(settings: Mapping[str, Any], ranges: Mapping[str, SearchRange]) -> dict[str, Any]:
    """The settings that are searched, by their key: a.b stands in table a."""
    found = {}
    for key in ranges:
        table, _, last = key.rpartition(".")
        found[key] = (settings[table] if table else settings)[last]
    return found


def holds(given: SearchRange, value: Any) -> bool:
    """Whether a value lies within a range."""
    return value in given.values if isinstance(given, Choice) else given.low <= value <= given.high


def _distribution(given: SearchRange) -> Any:
    """A range as Optuna has it."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(given, Choice):
        return CategoricalDistribution(given.values)
    if isinstance(given, Integers):
        return IntDistribution(given.low, given.high, log=given.log)
    return FloatDistribution(given.low, given.high, log=isinstance(given, LogUniform))
