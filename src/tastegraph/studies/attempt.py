"""One setting tried: a model fitted with it and judged on validation, given up where it falls behind the others."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tastegraph.errors import ModelError
from tastegraph.graph.devices import CPU
from tastegraph.studies.contenders import choose
from tastegraph.studies.models import with_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    import torch

    from tastegraph.lightgcn.checkpoint import Epoch
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.trial import Trial
    from tastegraph.studies.watcher import Watcher

    Judge = Callable[[int, float], bool]

__all__ = ["Outcome", "attempt"]


@dataclass(frozen=True)
class Outcome:
    """What a setting came to.

    Attributes:
        validation: mean validation metrics by name; of the best epoch, where it was trained by gradient.
        failed: why the model does not work out with it, or None.
        pruned: the epoch after which it was given up, or None.
        seconds: what it took.
    """

    validation: Mapping[str, float] = field(default_factory=dict)
    failed: str | None = None
    pruned: int | None = None
    seconds: float = 0.0


def attempt(
    name: str,
    trial: Trial,
    recipe: Recipe,
    settings: Mapping[str, Any],
    watcher: Watcher,
    goes_on: Judge,
    *,
    device: torch.device = CPU,
) -> Outcome:
    """Fit a model with some settings and judge it on validation; the test part is not looked at.

    Args:
        name: of the model.
        trial: what is learned from and judged by.
        recipe: all other settings.
        settings: keyed as in `ranges_of`.
        watcher: is told how it goes on.
        goes_on: told each validated epoch and `recipe.evaluation.select` after it; False ends the attempt.
        device: what LightGCN and MF are trained and ranked on.
    """
    began = time.perf_counter()
    own = with_settings(recipe, name, settings)
    try:
        judged = _Judged(watcher, recipe.evaluation.select, goes_on)
        validation = choose(name, trial, own, judged, device=device).validation
    except ModelError as error:
        return Outcome(failed=str(error), seconds=time.perf_counter() - began)
    except _GivenUpError as end:
        return Outcome(pruned=end.epoch, seconds=time.perf_counter() - began)
    return Outcome(dict(validation), seconds=time.perf_counter() - began)


class _GivenUpError(Exception):
    """Ends a training that falls behind."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        super().__init__(f"given up after epoch {epoch}")


@dataclass(frozen=True)
class _Judged:
    """Passes on what it is told, and ends the training where the judge says so."""

    watcher: Watcher
    select: str
    goes_on: Judge

    def stage(self, name: str, epochs: int | None) -> None:
        self.watcher.stage(name, epochs)

    def step(self, step: int, steps: int, loss: float) -> None:
        self.watcher.step(step, steps, loss)

    def epoch(self, record: Epoch) -> None:
        self.watcher.epoch(record)
        value = record.validation.get(self.select)
        if value is not None and not self.goes_on(record.epoch, value):
            raise _GivenUpError(record.epoch)

    def judging(self, name: str) -> None:
        self.watcher.judging(name)
