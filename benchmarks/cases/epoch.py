"""One epoch with its sampling, ML-1M, batch 8192; slow peers are timed for some steps and scaled to the epoch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from benchmarks import ours
from benchmarks.measurement import at_most, interleave, seconds_of
from benchmarks.peers.pyg import PygTrainer
from benchmarks.peers.recbole_process import Recbole, RecboleError
from benchmarks.peers.textbook_data import positives_of
from benchmarks.peers.textbook_graph import normalised_coo
from benchmarks.peers.textbook_model import TextbookLightGCN, TextbookTrainer
from benchmarks.peers.textbook_sampler import sample_triples
from benchmarks.record import Measured, Target, rows_of
from benchmarks.workloads import workloads

if TYPE_CHECKING:
    from benchmarks.measurement import Sampler
    from benchmarks.settings import Settings
    from benchmarks.workloads import Workload

BATCH = 8192
SOME_STEPS = 3
PEER_ROUNDS = 2
OURS, PYG, TEXTBOOK, RECBOLE = "ours", "PyG LightGCN, its example", "textbook", "RecBole LightGCN"
SPEEDUP = 40.0

NOTE = (
    "The textbook's sampler, and all of ours, run for the whole epoch. PyG's example draws negatives that may be "
    "positives."
)


def run(settings: Settings) -> Measured:
    """Measure on ML-1M's fit part."""
    (work,) = workloads(settings, "ml-1m")
    batch = 1024 if settings.quick else BATCH
    steps = math.ceil(work.graph.num_edges / batch)
    timed_steps = steps if settings.full else min(SOME_STEPS, steps)
    samplers: dict[str, Sampler] = {
        OURS: lambda: ours.epoch_seconds(work.graph, batch),
        PYG: at_most(1 if settings.full else PEER_ROUNDS, _pyg(work, batch, timed_steps)),
        TEXTBOOK: at_most(1 if settings.full else PEER_ROUNDS, _textbook(work, batch, timed_steps)),
    }
    samples = interleave(samplers, settings.rounds)
    notes = [f"An epoch has {steps} steps; of peers {timed_steps} a round are timed, and scaled to it. {NOTE}"]
    if settings.recbole and not settings.quick:
        try:
            seconds, of_epoch = Recbole.prepare().step_seconds(work.graph, batch, timed_steps)
            samples[RECBOLE] = [of_epoch * sum(seconds) / len(seconds)]
        except RecboleError as error:
            notes.append(f"RecBole was not measured: {error}.")
    measured = Measured(
        rows=tuple(rows_of(work.name, samples, ours=OURS, unit="s")),
        workloads={work.name: work.sizes},
        notes=tuple(notes),
    )
    speedup = measured.median_of(work.name, PYG) / measured.median_of(work.name, OURS)
    target = Target(what="times faster than PyG", comparison=">=", bound=SPEEDUP, measured=speedup)
    return measured.model_copy(update={"targets": (target,)})


def _pyg(work: Workload, batch: int, steps: int) -> Sampler:
    trainer = PygTrainer(work.graph, ours.DIMENSIONS, ours.LAYERS, batch)

    def epoch() -> list[float]:
        seconds = trainer.step_seconds(steps)
        return [trainer.steps * sum(seconds) / len(seconds)]

    return epoch


def _textbook(work: Workload, batch: int, steps: int) -> Sampler:
    graph = work.graph
    positives = positives_of(graph.items_of)
    p = normalised_coo(positives, graph.num_items)
    trainer = TextbookTrainer(TextbookLightGCN(p, graph.num_users, ours.DIMENSIONS, ours.LAYERS))
    drawn = torch.empty(0, 3, dtype=torch.int64)

    warm_up = sample_triples(positives, graph.num_items, batch)
    trainer.step(*torch.from_numpy(warm_up).unbind(1))

    def sample() -> None:
        nonlocal drawn
        drawn = torch.from_numpy(sample_triples(positives, graph.num_items, graph.num_edges))
        drawn = drawn[torch.randperm(len(drawn))]

    def some_steps() -> None:
        for chunk in torch.split(drawn[: steps * batch], batch):
            trainer.step(*chunk.unbind(1))

    def epoch() -> list[float]:
        sampling = seconds_of(sample)
        share = len(drawn[: steps * batch]) / len(drawn)
        return [sampling + seconds_of(some_steps) / share]

    return epoch
