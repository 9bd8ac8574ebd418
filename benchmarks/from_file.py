"""From a file to a trained step in a process of its own: seconds and peak memory of each stage, as a line of JSON.

Usage: python -m benchmarks.from_file WHAT FILE; WHAT is `read`, `split` (after it) or `train` (some steps after both).
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from benchmarks.peak_memory import forget_peak, peak_mb, resident_mb

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH, STEPS = 1 << 17, 4


class Stages:
    """Seconds and peak memory of what is done, stage by stage."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, float]] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what is done meanwhile."""
        forget_peak()
        began = time.perf_counter()
        yield
        seconds = time.perf_counter() - began
        self.found[name] = {"seconds": seconds, "peak_mb": peak_mb(), "after_mb": resident_mb()}


def main(what: str, path: str) -> dict[str, Any]:
    """The stages up to one, each with its seconds and peak."""
    from benchmarks import ours
    from tastegraph.data.load import load
    from tastegraph.studies.recipe import load_recipe
    from tastegraph.studies.trial import Trial

    stages = Stages()
    with stages.stage("read"):
        dataset = load(path)
    about: dict[str, Any] = {"rows": len(dataset.interactions) + dataset.duplicates}
    if what in ("split", "train"):
        with stages.stage("split and graph"):
            trial = Trial.of(dataset, load_recipe(None, ["data.threshold=none"], path))
        about |= {"edges": trial.graph.num_edges, "nodes": trial.graph.num_nodes}
        graph = trial.graph
    if what == "train":
        del dataset, trial
        ends: list[float] = []
        with stages.stage("steps"):
            ours.run_steps(graph, BATCH, STEPS + 1, lambda _: ends.append(time.perf_counter()))
        about["step_seconds"] = [b - a for a, b in pairwise(ends)]
    return about | {"stages": stages.found}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2])))
