"""The cases, one a file: each measures ours and its peers on one thing and judges the targets set for it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.record import Measured
    from benchmarks.settings import Settings

__all__ = ["TITLES", "measure"]

TITLES = {
    "propagation": "One propagation layer",
    "layers": "Forward and backward of 3 layers",
    "step": "A training step at the paper's settings (K = 3, batch 2048, BPR)",
    "epoch": "One epoch with sampling, ML-1M, batch 8192",
    "negatives": "Drawing an epoch's triples with uniform negatives",
    "ranking": "Full ranking of all test users, top 20 with metrics",
    "judging": "All metrics of all test users at K = 5, 10, 20, 50, with intervals, ML-1M",
    "memory": "Peak memory of a training with its evaluation",
    "scaling": "Seconds an epoch and peak memory by number of edges",
    "precision": "Accuracy with halves between layers, ML-1M",
    "loading": "Loading a ratings file, ids mapped, beside pandas",
    "device": "Epochs on the processor and on a GPU, Gowalla",
    "checkpoints": "A training's state, written and read",
    "ranks": "A training step by two ranks and by one process of two threads",
    "serve": "The service under load: requests a second and their times",
}


def measure(case: str, settings: Settings) -> Measured:
    """Run a case. Its module is imported only now, so that a case pays for no other's packages."""
    measured: Measured = import_module(f"benchmarks.cases.{case}").run(settings)
    return measured
