"""Whether halves between layers cost accuracy: test NDCG@20 on ML-1M over several seeds, float16 beside float32."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import numpy as np
from scipy import stats

from benchmarks import ours
from benchmarks.record import Measured, Target, rows_of
from benchmarks.workloads import workloads
from tastegraph.graph.propagation import Precision

if TYPE_CHECKING:
    from benchmarks.settings import Settings

METRIC = "ndcg@20"
SEEDS, EPOCHS, BATCH = 5, 20, 8192
LEVEL = 0.95


def run(settings: Settings) -> Measured:
    """Train from the same seeds with both; only the storage of rows between layers differs."""
    (work,) = workloads(settings, "ml-1m")
    seeds, epochs = (2, 2) if settings.quick else (SEEDS, EPOCHS)
    found: dict[str, list[float]] = {}
    for seed in range(seeds):
        for precision in get_args(Precision):
            trained = ours.train_model(
                work.graph, batch_size=BATCH, epochs=epochs, seed=seed, propagation_precision=precision
            )
            found.setdefault(precision, []).append(ours.judge(work, trained.embeddings).means()[METRIC])
    exact, halves = np.array(found["float32"]), np.array(found["float16"])
    half_width = float(stats.t.ppf((1 + LEVEL) / 2, seeds - 1) * exact.std(ddof=1) / np.sqrt(seeds))
    target = Target(
        what=f"|mean difference| by half the width of float32's 95 % interval over {seeds} seeds",
        comparison="<=",
        bound=1.0,
        measured=abs(float(halves.mean() - exact.mean())) / half_width,
    )
    note = (
        f"Fixed {epochs} epochs of batch {BATCH}, default settings otherwise; test part scored once a run. Means: "
        f"float32 {exact.mean():.5f} +/- {half_width:.5f}, float16 {halves.mean():.5f}; largest difference of a seed "
        f"{np.abs(halves - exact).max():.5f}."
    )
    return Measured(
        rows=tuple(rows_of(work.name, found, ours="float16", unit=METRIC)),
        workloads={work.name: work.sizes},
        targets=(target,),
        notes=(note,),
    )
