"""Progress of training: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

from tastegraph.cli.terminal import say, stderr
from tastegraph.data.counted import counted

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import TaskID

    from tastegraph.lightgcn.checkpoint import Epoch

__all__ = ["TrainingProgress"]

SECONDS_BETWEEN_LINES = 10.0


class TrainingProgress:
    """Shows epoch, loss, the validation metric, its best so far, and the time left, in 80 columns.

    Training stops early once validation no longer rises, so the time left is an upper bound and says so.

    Args:
        select: the validation metric to show.
        quiet: show nothing.
    """

    def __init__(self, select: str, *, quiet: bool = False) -> None:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        self._select = select
        self._quiet = quiet
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=8),
            TextColumn("{task.fields[state]}"),
            console=stderr(),
            disable=quiet or not sys.stderr.isatty(),
            transient=True,
        )
        self._task: TaskID | None = None
        self._epochs, self._epoch = 0, 0
        self._best = self._latest = ""
        self._highest = -1.0
        self._seconds, self._since, self._told = 0.0, 0.0, 0.0  # of all epochs told; when the last one was

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def stage(self, name: str, epochs: int | None) -> None:
        """A model's training begins; without epochs it is of one piece, and the bar only moves."""
        self._begin(name, epochs)
        self._line(f"training {name}, at most {counted(epochs, 'epoch')}" if epochs else f"fitting {name}")

    def judging(self, name: str) -> None:
        """Lists are judged: shown on a bar alone, a line a model is enough elsewhere."""
        self._begin(f"judging {name}", None)

    def _begin(self, name: str, epochs: int | None) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._epochs, self._epoch = epochs or 0, 0
        self._best = self._latest = ""
        self._highest = -1.0
        self._seconds, self._since = 0.0, time.monotonic()
        self._told = self._since
        self._task = self._bar.add_task(name, total=epochs, state="")

    def step(self, step: int, steps: int, loss: float) -> None:
        """A step is done."""
        if self._task is not None and not self._bar.disable:
            done = self._epoch + step / steps
            self._bar.update(self._task, completed=done, state=self._state(done, loss))

    def epoch(self, record: Epoch) -> None:
        """An epoch is done."""
        self._epoch, self._seconds, self._since = record.epoch, record.seconds, time.monotonic()
        value = record.validation.get(self._select)
        if value is not None:
            self._latest = f" {self._select} {value:.3f}"
            if value > self._highest:
                self._highest = value
                self._best = f" (best {value:.3f})"
        if self._bar.disable and time.monotonic() - self._told > SECONDS_BETWEEN_LINES:
            self._told = time.monotonic()
            self._line(f"  epoch {self._state(record.epoch, record.loss)}")

    def _state(self, done: float, loss: float) -> str:
        taken = self._seconds + time.monotonic() - self._since  # by epochs of earlier sittings, too
        left = taken / max(done, 1e-9) * (self._epochs - done)
        minutes, seconds = divmod(round(left), 60)
        return (
            f"{min(int(done) + 1, self._epochs) if done % 1 else int(done)}/{self._epochs} "
            f"loss {loss:.3f}{self._latest}{self._best} \N{LESS-THAN OR EQUAL TO} {minutes}:{seconds:02d} left"
        )

    def _line(self, message: str) -> None:
        if self._bar.disable and not self._quiet:
            say(message)
