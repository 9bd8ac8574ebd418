"""Drawing an epoch: as many (user, positive, uniform negative) triples as there are edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from benchmarks import ours
from benchmarks.measurement import at_most, interleave, seconds_of, timed
from benchmarks.peers.textbook_data import positives_of
from benchmarks.peers.textbook_sampler import sample_triples
from benchmarks.record import Measured, Target, rows_of
from benchmarks.workloads import workloads

if TYPE_CHECKING:
    import numpy as np

    from benchmarks.settings import Settings
    from benchmarks.workloads import Workload

OURS, TEXTBOOK = "ours", "textbook's Python loop"
SLOW_ROUNDS = 3
SPEEDUP = 50.0

NOTE = (
    "Ours takes every positive once, in a fresh order, with a negative each; the textbook's draws users with "
    "replacement and a positive of each."
)


def run(settings: Settings) -> Measured:
    """Measure on Gowalla."""
    (work,) = workloads(settings, "gowalla")
    graph, positives = work.graph, positives_of(work.graph.items_of)
    draw = ours.triples(graph)
    _check_exclusion(work, torch.stack(draw(), dim=1).numpy())

    def sample() -> None:
        sample_triples(positives, graph.num_items, graph.num_edges)

    samplers = {OURS: timed(draw), TEXTBOOK: at_most(SLOW_ROUNDS, lambda: [seconds_of(sample)])}
    samples = interleave(samplers, settings.rounds)
    measured = Measured(
        rows=tuple(rows_of(work.name, samples, ours=OURS)),
        workloads={work.name: work.sizes},
        notes=(NOTE,),
    )
    speedup = measured.median_of(work.name, TEXTBOOK) / measured.median_of(work.name, OURS)
    target = Target(what="times faster than the textbook's sampler", comparison=">=", bound=SPEEDUP, measured=speedup)
    return measured.model_copy(update={"targets": (target,)})


def _check_exclusion(work: Workload, triples: np.ndarray) -> None:
    """Refuse to time a sampler whose negatives are positives of their user."""
    if work.graph.items_of.contain(triples[:, 0], triples[:, 2]).any():
        raise ArithmeticError("a drawn negative is a positive of its user")
