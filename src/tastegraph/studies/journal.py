"""metrics.jsonl: a line an epoch, as it ends."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Self

from tastegraph.errors import RunError

if TYPE_CHECKING:
    from pathlib import Path

    from tastegraph.lightgcn.checkpoint import Epoch
    from tastegraph.studies.watcher import Watcher

__all__ = ["Journal", "read_journal"]


class Journal:
    """Writes metrics.jsonl, and tells a watcher the same; a training that is gone on with tells its first epochs again.

    Args:
        path: of the file; a former one is replaced.
        watcher: is told.

    Attributes:
        chosen: the epochs of the training that validation chose from.
    """

    def __init__(self, path: Path, watcher: Watcher) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._watcher = watcher
        self._stage = ""
        self.chosen: list[Epoch] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())

    def stage(self, name: str, epochs: int | None) -> None:
        """Training begins, or training for the refit."""
        self._stage = "refit" if self._stage else "select"
        self._watcher.stage(name, epochs)

    def step(self, step: int, steps: int, loss: float) -> None:
        """A step is done."""
        self._watcher.step(step, steps, loss)

    def epoch(self, record: Epoch) -> None:
        """An epoch is done."""
        if self._stage == "select":
            self.chosen.append(record)
        line = {
            "stage": self._stage,
            "epoch": record.epoch,
            "seconds": round(record.seconds, 3),
            "loss": record.loss,
            "validation": dict(record.validation),
        }
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        self._watcher.epoch(record)

    def judging(self, name: str) -> None:
        """Lists are judged."""
        self._watcher.judging(name)


def read_journal(path: Path) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl, in order; a last one that a crash has cut short is left out.

    Raises:
        RunError: another line is no JSON object.
        OSError: the file cannot be read; a missing one has no lines.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return []
    found = []
    for number, line in enumerate(lines[:-1], start=1):  # what stands behind the last line end was cut short, or is ""
        try:
            found.append(dict(json.loads(line)))
        except (ValueError, TypeError) as error:
            raise RunError(f"{path}:{number}: expected a JSON object") from error
    return found
