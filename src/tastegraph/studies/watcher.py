"""Who is told how fitting goes on: a terminal, a journal, a tracker, a search that gives up, or nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tastegraph.lightgcn.checkpoint import Epoch

__all__ = ["Silent", "Titled", "Watcher"]


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
