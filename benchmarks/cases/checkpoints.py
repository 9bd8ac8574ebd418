"""What checkpoints cost: writing a training's state, with its digest and sync, as a share of the minute between two."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.measurement import seconds_of
from benchmarks.record import Measured, Target, rows_of
from benchmarks.workloads import workloads
from tastegraph.lightgcn.checkpoint import NothingKept, load_state, save_state
from tastegraph.lightgcn.config import ModelConfig, TrainingConfig
from tastegraph.lightgcn.training import train

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.settings import Settings
    from tastegraph.lightgcn.checkpoint import TrainingState

ROUNDS = 15
MINUTE = 60.0
TARGET = 0.02  # of training time


class LastState(NothingKept):
    """Keeps the last state in memory."""

    state: TrainingState

    def at_the_end(self, state: Callable[[], TrainingState]) -> None:
        """The training is over."""
        self.state = state()


def run(settings: Settings) -> Measured:
    """Write and read the state of a training that has a best epoch: four tables of E0's size."""
    (work,) = workloads(settings, "gowalla")
    keeper = LastState()
    training = TrainingConfig(epochs=2, objective="softmax", batch_size=2048)
    train(work.graph, ModelConfig(), training, validate=lambda _: {"ndcg@10": 0.0}, keeper=keeper)
    rounds = settings.rounds or ROUNDS
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        path = Path(folder) / "state.safetensors"
        written = [seconds_of(lambda: save_state(keeper.state, {}, path)) for _ in range(rounds)]
        read = [seconds_of(lambda: load_state(path)) for _ in range(rounds)]
        size = path.stat().st_size
    target = Target(
        what="share of training time at a checkpoint a minute",
        comparison="<=",
        bound=TARGET,
        measured=median(written) / (MINUTE + median(written)),
    )
    note = f"A state at 64 dimensions is {size / 1e6:.0f} MB; written to the disk of the working folder, synced."
    return Measured(
        rows=tuple(rows_of(work.name, {"write": written, "read and check": read}, ours="write", unit="s")),
        workloads={work.name: work.sizes},
        targets=(target,),
        notes=(note,),
    )
