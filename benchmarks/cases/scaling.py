"""Seconds an epoch and peak memory of ours, by number of edges of a synthetic power-law graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.one_training import STEPS_AN_EPOCH, STEPS_TIMED, SYNTHETIC, WHOLE_EPOCHS_UP_TO, in_a_process
from benchmarks.record import Measured, Row, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.settings import Settings

QUICK = (10_000, 30_000)
EDGES = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
MANY = (30_000_000, 100_000_000)
EXPONENT = 1.1  # linear is 1; fixed costs bend the curve below it, outgrown caches above
SECONDS, MEMORY, BUILDING = "an epoch", "peak of training", "peak of building the graph"

NOTE = (
    f"Every graph has about 40 edges a node and an epoch of {STEPS_AN_EPOCH} steps: with a batch of fixed size any "
    "full-graph LightGCN costs the square of the edges, since each step passes over all of them. The exponent is that "
    "of a straight line through all sizes, both axes logarithmic; memory is the whole process's. Beyond "
    f"{WHOLE_EPOCHS_UP_TO:,} edges {STEPS_TIMED} steps are timed, building the model included, and scaled to an epoch."
)


def run(settings: Settings) -> Measured:
    """Measure each size in a process of its own."""
    sizes = QUICK if settings.quick else EDGES + (MANY if settings.full else ())
    answers = [in_a_process(SYNTHETIC, str(size)) for size in sizes]
    edges = [answer["edges"] for answer in answers]
    rows = [
        _row(name, f"{answer['edges']:,} edges", answer[key], unit)
        for name, key, unit in (
            (SECONDS, "epoch_seconds", "s"),
            (MEMORY, "peak_mb", "MB"),
            (BUILDING, "building_mb", "MB"),
        )
        for answer in answers
    ]
    targets = tuple(
        Target(
            what=f"exponent of {name} over edges",
            comparison="<=",
            bound=EXPONENT,
            measured=_exponent(edges, [answer[key] for answer in answers]),
        )
        for name, key in ((SECONDS, "epoch_seconds"), (MEMORY, "peak_mb"))
    )
    return Measured(
        rows=tuple(rows),
        targets=targets,
        workloads={f"{a['edges']:,} edges": {"edges": a["edges"], "nodes": a["nodes"]} for a in answers},
        notes=(NOTE,),
    )


def _row(group: str, name: str, value: float, unit: str) -> Row:
    return Row(group=group, name=name, median=value, min=value, max=value, unit=unit, runs=1, ratio_to_ours=None)


def _exponent(edges: Sequence[float], values: Sequence[float]) -> float:
    slope, _ = np.polyfit(np.log(edges), np.log(values), 1)
    return float(slope)
