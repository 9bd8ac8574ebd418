"""Tuning: the same budget for every model, chosen on validation alone, every trial recorded."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tastegraph.errors import EvaluationError
from tastegraph.graph.devices import CPU
from tastegraph.studies.attempt import attempt
from tastegraph.studies.memory import check_memory
from tastegraph.studies.models import with_settings
from tastegraph.studies.search import Budget, Search, Tuned
from tastegraph.studies.search_storage import Kept
from tastegraph.studies.watcher import Silent, Titled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import torch

    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.search import Pruner
    from tastegraph.studies.trial import Trial
    from tastegraph.studies.watcher import Watcher

    Lines = Sequence[Mapping[str, Any]]
    Runner = Callable[[Search, Callable[[], None]], None]

__all__ = ["here", "tune"]


def tune(
    recipe: Recipe,
    trial: Trial,
    names: Sequence[str],
    budget: Budget,
    *,
    kept: Kept | None = None,
    pruner: Pruner = "median",
    run: Runner | None = None,
    note: Callable[[Lines], None] = lambda _: None,
) -> tuple[Recipe, dict[str, Tuned]]:
    """Search each model's settings for the highest validation metric; the test part is never looked at.

    A model without settings, such as popularity, takes one trial. See `Search` for how settings are proposed, trainings
    given up, and ended searches gone on with.

    Args:
        recipe: where the search begins; `recipe.evaluation.select` is raised.
        trial: the split.
        names: models.
        budget: of each of them.
        kept: where trials are kept; in memory by default.
        pruner: gives up on trainings that fall behind.
        run: tries what a search proposes and calls back after each trial; `here(trial, Silent())` by default.
        note: gets, after each trial, the lines of all trials of all models so far.

    Returns:
        The recipe with the best settings found, and what was found of each model.

    Raises:
        EvaluationError: the budget is empty, or no trial of a model worked out.
        ModelError: the extra is missing, or a model needs more memory than there is.
        RunError: the storage holds another search under this name.
    """
    if budget.trials < 1 or (budget.seconds is not None and not budget.seconds > 0):
        raise EvaluationError(f"a budget has a trial and time for it; found {budget.trials} trials, {budget.seconds} s")
    check_memory(names, trial, recipe)
    kept, run = kept or Kept.in_memory(), run or here(trial, Silent())
    before: list[Mapping[str, Any]] = []
    best, found = recipe, {}
    for name in names:
        search = Search(name, recipe, best, kept, budget, pruner)
        run(search, partial(_note, note, before, search))
        before = [*before, *search.lines()]
        note(before)
        found[name] = search.found()
        best = with_settings(best, name, found[name].settings)
    return best, found


def _note(note: Callable[[Lines], None], before: Lines, search: Search) -> None:
    note([*before, *search.lines()])


def here(trial: Trial, watcher: Watcher, device: torch.device = CPU) -> Runner:
    """Trials in this process, one after the other; LightGCN and MF are trained and ranked on `device`."""

    def run(search: Search, done: Callable[[], None]) -> None:
        while (draw := search.ask()) is not None:
            watched = Titled(watcher, f", trial {draw.number}")
            outcome = attempt(search.name, trial, search.recipe, draw.settings, watched, draw.goes_on, device=device)
            search.tell(draw, outcome)
            done()

    return run
