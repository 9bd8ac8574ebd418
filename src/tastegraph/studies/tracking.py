"""Tracking: a run's figures told to other tools as they come. What these do never stops or changes a training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self

from tastegraph.lightgcn.training import learning_rate
from tastegraph.studies.models import LIGHTGCN, MF, title_of
from tastegraph.studies.recipe import load_recipe
from tastegraph.studies.unfinished import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from tastegraph.lightgcn.checkpoint import Epoch
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.watcher import Watcher

__all__ = ["Tracked", "Tracker", "scalars_of_test"]


class Tracker(Protocol):
    """Takes a run's figures to another tool; any method may raise whatever the tool's library raises.

    Attributes:
        name: as `--track` has it.
    """

    name: str

    def begin(self, folder: Path, recipe: Recipe) -> None:
        """A run begins in a folder, or is gone on with; its first epochs are told again then."""

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Figures of an epoch."""

    def finish(self, folder: Path, values: Mapping[str, float], step: int) -> None:
        """The run is whole in its folder, which need not be the one it began in; figures of the test."""

    def end(self, error: BaseException | None) -> None:
        """No more comes; a run that ended early ended by `error`. It is called whatever went before."""


class Tracked:
    """A watcher that passes on what it is told, and tells trackers the figures; one that fails is left out from there.

    Args:
        watcher: is told everything.
        trackers: are told figures.
        out: the run directory.
        say: is told of a tracker that failed, in one line.
    """

    def __init__(self, watcher: Watcher, trackers: Sequence[Tracker], out: Path, say: Callable[[str], None]) -> None:
        self._watcher = watcher
        self._trackers = list(trackers)
        self._out = out
        self._say = say
        self._recipe: Recipe | None = None
        self._title = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._each(lambda tracker: tracker.end(error))

    def stage(self, name: str, epochs: int | None) -> None:
        """Fitting begins; with the first one, the run has."""
        self._title = name
        if self._recipe is None and self._trackers:
            place = place_of(self._out)
            recipe = self._recipe = load_recipe(place / "recipe.toml")
            self._each(lambda tracker: tracker.begin(place, recipe))
        self._watcher.stage(name, epochs)

    def step(self, step: int, steps: int, loss: float) -> None:
        """A step is done."""
        self._watcher.step(step, steps, loss)

    def epoch(self, record: Epoch) -> None:
        """An epoch is done."""
        if self._recipe is not None:
            values = dict(_epoch_scalars(self._title, record, self._recipe))
            self._each(lambda tracker: tracker.scalars(values, record.epoch))
        self._watcher.epoch(record)

    def judging(self, name: str) -> None:
        """Lists are judged."""
        self._watcher.judging(name)

    def finish(self, result: Mapping[str, Any]) -> None:
        """The run is finished: the figures of the test, and its files.

        Args:
            result: what stands in result.json.
        """
        if self._recipe is not None:
            values = scalars_of_test(result)
            self._each(lambda tracker: tracker.finish(self._out, values, result["best_epoch"]))

    def _each(self, tell: Callable[[Tracker], None]) -> None:
        for tracker in list(self._trackers):
            try:
                tell(tracker)
            except Exception as error:  # noqa: BLE001 (whatever a tool's library raises, the training goes on)
                self._trackers.remove(tracker)
                said = " ".join(str(error).split())[:200] or type(error).__name__
                self._say(f"--track {tracker.name}: {said}; the run goes on without it")


def scalars_of_test(result: Mapping[str, Any]) -> dict[str, float]:
    """The test metrics of a result, LightGCN's under "test/", a baseline's under "NAME/test/"."""
    parts = {"": result, **{f"{name}/": part for name, part in result["baselines"].items()}}
    return {
        f"{place}test/{_plain(name)}": float(value)
        for place, part in parts.items()
        for name, value in part["metrics"]["test"].items()
    }


def _epoch_scalars(title: str, record: Epoch, recipe: Recipe) -> Iterator[tuple[str, float]]:
    """Figures of an epoch: LightGCN's by their plain names, others' under "mf/", "lightgcn_refit/" or "mf_refit/"."""
    model = MF if title.startswith(title_of(MF)) else LIGHTGCN
    refit = "_refit" if title.endswith(" refit") else ""
    place = "" if title == title_of(LIGHTGCN) else f"{model}{refit}/"
    yield f"{place}loss", record.loss
    if place == "":
        yield "learning_rate", learning_rate(recipe.training, (record.epoch - 1) / recipe.training.epochs)
    for name, value in record.validation.items():
        yield f"{place}validation/{_plain(name)}", value


def _plain(name: str) -> str:
    """A metric's name in letters that every tool takes: ndcg_at_10."""
    return name.replace("@", "_at_")
