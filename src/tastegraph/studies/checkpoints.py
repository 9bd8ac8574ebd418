"""A run's checkpoints: states of its trainings, by the minute or by the epoch, the last two of each stage."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import tastegraph
from tastegraph.errors import DivergedError, ModelError, RunError
from tastegraph.lightgcn.checkpoint import load_state, save_state
from tastegraph.studies.seal import digest_of_text
from tastegraph.studies.stopping import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tastegraph.data.dataset import Dataset
    from tastegraph.lightgcn.checkpoint import TrainingState
    from tastegraph.studies.recipe import Recipe

__all__ = ["BEST", "Checkpoints", "Often", "StageKeeper", "identity"]

KEPT = 2
BEST = "best.safetensors"  # the finished model's, not a state


def identity(recipe: Recipe, dataset: Dataset) -> dict[str, str]:
    """What a run is, for its states: its settings, data and version."""
    settings = digest_of_text(recipe.to_toml())
    return {"recipe": settings, "data": dataset.digest, "tastegraph": tastegraph.__version__}


@dataclass(frozen=True)
class Often:
    """How often a training's state is written.

    Attributes:
        minutes: after the first step that ends so long after the last time; 0 for never.
        epochs: and after every so many epochs; 0 for never.
    """

    minutes: float = 1.0
    epochs: int = 0


@dataclass(frozen=True, eq=False)
class Checkpoints:
    """The folder where a run's trainings keep their states.

    Attributes:
        folder: RUN/checkpoints.
        of: what the run is, JSON; a state of another run is refused.
        often: how often they do.
        stop: who may ask a training to end.
        say: is told what is found and gone on with.
        advice: how to go on, for the line that ends a run.
    """

    folder: Path
    of: Mapping[str, Any]
    often: Often = field(default_factory=Often)
    stop: Stop = field(default_factory=Stop)
    say: Callable[[str], None] = lambda _: None
    advice: str = ""

    def keeper(self, stage: str) -> StageKeeper:
        """Keeps one stage's training, such as "lightgcn-refit"."""
        return StageKeeper(self, stage)

    def is_empty(self) -> bool:
        """Whether no training has left a state."""
        return not self.states()

    def clear(self) -> None:
        """Remove all states: the run is finished."""
        for path in self.states():
            path.unlink()

    def states(self) -> list[Path]:
        """The files of states, the one written last at the end."""
        found = [path for path in self.folder.glob("*.safetensors") if path.name != BEST]
        return sorted(found, key=lambda path: path.stat().st_mtime_ns)


class StageKeeper:
    """A `Keeper` that writes states of one stage into a folder.

    Args:
        all_of: the run's checkpoints.
        stage: its name.
    """

    def __init__(self, all_of: Checkpoints, stage: str) -> None:
        self._all, self._stage = all_of, stage
        self._saved_at = time.monotonic()

    def last(self) -> TrainingState | None:
        """The last intact state; a damaged one is told and passed over.

        Raises:
            RunError: a state is of another run.
        """
        self._all.stop.wait(wanted=True)
        states = self._states()
        for path in reversed(states):
            try:
                state, of = load_state(path)
            except ModelError as error:
                self._all.say(f"warning: {error}; it is passed over for the one before")
                continue
            if of != self._of:
                raise RunError(f"{path}: a state of another run")
            self._all.stop.advice = self._all.advice
            self._all.say(
                f"going on with {self._stage} after epoch {state.epoch - 1}, {state.step} steps ({path.name})"
            )
            return state
        if states:
            self._all.say(f"warning: no state of {self._stage} is intact; it begins anew")
        return None

    def is_due(self, epoch: int = 0) -> bool:
        """Whether a state would be written now: after a step, or after the `epoch` that has just ended."""
        often = self._all.often
        by_clock = bool(often.minutes) and time.monotonic() - self._saved_at >= 60 * often.minutes
        return self._all.stop.asked or by_clock or bool(often.epochs and epoch and epoch % often.epochs == 0)

    def after_step(self, state: Callable[[], TrainingState]) -> None:
        """Write the state if its time has come.

        Raises:
            StoppedError: a signal asked for the end; the state is written before.
            DivergedError: the model is no longer finite; it is not written.
            OSError: the system refused; the states before are intact.
        """
        if self._all.stop.asked:
            now = state()
            self._save(now)
            raise self._all.stop.error(f" after epoch {now.epoch - 1}, {now.step} steps")
        if self.is_due():
            self._save(state())

    def after_epoch(self, state: Callable[[], TrainingState]) -> None:
        """The same after an epoch; it also counts epochs."""
        self.after_step(state)
        epochs = self._all.often.epochs
        if epochs and (now := state()).epoch % epochs == 1 % epochs:
            self._save(now)

    def at_the_end(self, state: Callable[[], TrainingState]) -> None:
        """Write the state, whatever the time, if it is finite and an epoch has gone into it."""
        self._all.stop.wait(wanted=False)
        if _is_finite(now := state()) and now.epochs:
            self._save(now)
        if self._all.stop.asked:
            raise self._all.stop.error("")

    def _save(self, state: TrainingState) -> None:
        if not _is_finite(state):
            raise DivergedError(f"the embeddings are not finite after epoch {state.epoch - 1}, {state.step} steps")
        path = self._all.folder / f"{self._stage}-{state.epoch - 1:06}-{state.step:06}.safetensors"
        save_state(state, self._of, path)
        for old in self._states()[:-KEPT]:
            old.unlink()
        self._saved_at = time.monotonic()
        self._all.stop.advice = self._all.advice

    @property
    def _of(self) -> dict[str, Any]:
        return {**self._all.of, "stage": self._stage}

    def _states(self) -> list[Path]:
        return sorted(self._all.folder.glob(f"{self._stage}-*.safetensors"))


def _is_finite(state: TrainingState) -> bool:
    extremes = (each for tensor in state.model.values() for each in tensor.aminmax())  # NaN wins; no mask of their size
    return all(bool(each.isfinite()) for each in extremes)
