"""Steps of a training by as many ranks as torchrun starts, or by one process: rank 0 prints times and bytes as JSON.

Usage: python -m benchmarks.ranks_training OBJECTIVE GRAPH WIDTH STEPS, with GRAPH a workload's name.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import nullcontext, suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from benchmarks.settings import Settings
from benchmarks.workloads import workloads
from tastegraph.lightgcn.config import ModelConfig, TrainingConfig
from tastegraph.lightgcn.training import train
from tastegraph.ranks.alone import ALONE

if TYPE_CHECKING:
    from tastegraph.graph.bipartite import BipartiteGraph
    from tastegraph.ranks.alone import Ranks

__all__ = ["UNCOUNTED", "training_of"]

UNCOUNTED = 5  # first steps: they compile, allocate and fill caches
DEVICES = Path("/proc/net/dev")


def training_of(objective: str) -> TrainingConfig:
    """Steps as the recipe `gowalla` takes them (softmax over 2048 users), or the paper's (BPR over 2048 pairs)."""
    shared = {"batch_size": 2048, "learning_rate": 0.005, "epochs": 1000}
    if objective == "bpr":
        return TrainingConfig.model_validate(shared)
    chosen = {"objective": "softmax", "negatives": "popularity", "popularity_exponent": 1.0, "temperature": 0.11}
    return TrainingConfig.model_validate(shared | chosen | {"popularity_correction": 0.5})


class _Over(Exception):  # noqa: N818 (it ends a training that is long enough)
    pass


def steps_of(graph: BipartiteGraph, objective: str, width: int, steps: int, ranks: Ranks) -> dict[str, Any]:
    """Seconds of each step after the uncounted ones, and bytes that went through the loopback device in a step."""
    ends: list[float] = []
    sent: list[int] = []

    def on_step(*_: object) -> None:
        ends.append(time.perf_counter())
        sent.append(loopback_bytes())
        if len(ends) == UNCOUNTED + steps + 1:
            raise _Over

    with suppress(_Over):
        train(graph, ModelConfig(embedding_dim=width), training_of(objective), on_step=on_step, ranks=ranks)
    counted = ends[UNCOUNTED:]
    seconds = [after - before for before, after in pairwise(counted)]
    return {"seconds": seconds, "bytes_a_step": (sent[-1] - sent[UNCOUNTED]) / steps}


def loopback_bytes() -> int:
    """Bytes that the loopback device has sent; 0 where the system does not say."""
    try:
        lines = DEVICES.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    found = [line.split()[9] for line in lines if line.split()[:1] == ["lo:"]]
    return int(found[0]) if found else 0


def main(objective: str, name: str, width: int, steps: int) -> None:
    """Take the steps."""
    here: Any = nullcontext(ALONE)
    if "WORLD_SIZE" in os.environ:
        from tastegraph.ranks.group import joined_group

        here = joined_group(120)
    (work,) = workloads(Settings(quick=name == "quick"), name)
    with here as ranks:
        found = steps_of(work.graph, objective, width, steps, ranks)
        if ranks.rank == 0:
            print(json.dumps(found | {"threads": torch.get_num_threads(), "sizes": work.sizes}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
