"""A training step at the paper's settings: K = 3, batch 2048, BPR, on Gowalla; batches are drawn beforehand."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import torch

from benchmarks import ours
from benchmarks.measurement import at_most, interleave, seconds_of
from benchmarks.operator_share import outermost_seconds
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

BATCH = 2048
OURS, EXACT = f"ours, {ours.FAST}", "ours, float32"
TEXTBOOK, PYG, RECBOLE = "textbook (COO, autograd, Adam)", "PyG LightGCN, its example", "RecBole LightGCN"
STEPS = 20  # ours are timed within a training; a peer's is one step a round, PyG's in two rounds only
SPEEDUP, SHARE = 15.0, 0.7


def run(settings: Settings) -> Measured:
    """Measure on Gowalla."""
    (work,) = workloads(settings, "gowalla")
    batch, steps = (256, 5) if settings.quick else (BATCH, STEPS)
    samplers: dict[str, Sampler] = {
        OURS: lambda: ours.step_seconds(work.graph, batch, steps, ours.FAST),
        EXACT: lambda: ours.step_seconds(work.graph, batch, steps, "float32"),
        TEXTBOOK: _textbook(work, batch),
        PYG: at_most(2, _pyg(work, batch)),
    }
    samples = interleave(samplers, settings.rounds)
    notes = [f"Targets are judged with {ours.FAST} storage of rows between layers (`training.propagation_precision`)."]
    notes += ["Batches are drawn before the clock starts (the case `negatives` times that); RecBole draws as it goes."]
    if settings.recbole and not settings.quick:
        try:
            samples[RECBOLE], _ = Recbole.prepare().step_seconds(work.graph, batch, 5)
        except RecboleError as error:
            notes.append(f"RecBole was not measured: {error}.")
    rows = rows_of(work.name, samples, ours=OURS)
    measured = Measured(rows=tuple(rows), workloads={work.name: work.sizes})
    share, profile = _profile(work, batch, steps)
    speedup = measured.median_of(work.name, TEXTBOOK) / measured.median_of(work.name, OURS)
    targets = (
        Target(what="times faster than the textbook step", comparison=">=", bound=SPEEDUP, measured=speedup),
        Target(what="share of the step inside our operators and Adam", comparison=">=", bound=SHARE, measured=share),
    )
    return measured.model_copy(update={"targets": targets, "notes": (*notes, profile)})


def _textbook(work: Workload, batch: int) -> Sampler:
    """One step a round, after an uncounted one."""
    positives = positives_of(work.graph.items_of)
    p = normalised_coo(positives, work.graph.num_items)
    trainer = TextbookTrainer(TextbookLightGCN(p, work.graph.num_users, ours.DIMENSIONS, ours.LAYERS))
    np.random.seed(0)  # noqa: NPY002 (the sampler's own source of draws)
    drawn = torch.from_numpy(sample_triples(positives, work.graph.num_items, 8 * batch))
    batches = [chunk.unbind(1) for chunk in torch.split(drawn, batch)]
    number = count()

    def step() -> None:
        trainer.step(*batches[next(number) % len(batches)])

    step()
    return lambda: [seconds_of(step)]


def _pyg(work: Workload, batch: int) -> Sampler:
    trainer = PygTrainer(work.graph, ours.DIMENSIONS, ours.LAYERS, batch)
    return lambda: trainer.step_seconds(1)


def _profile(work: Workload, batch: int, steps: int) -> tuple[float, str]:
    """The share of a step's time inside our registered operators and the optimizer's, and the largest parts."""
    by_name, whole = outermost_seconds(
        lambda on_step: ours.run_steps(work.graph, batch, steps + 3, on_step), first=3, last=steps + 3
    )
    inside = sum(seconds for name, seconds in by_name.items() if name.startswith(ours.OPERATORS))
    largest = sorted(by_name.items(), key=lambda item: -item[1])[:8]
    parts = ", ".join(f"{name} {seconds / whole:.0%}" for name, seconds in largest)
    all_torch = sum(by_name.values()) / whole
    return inside / whole, (
        f"Profile of ours, shares of a step of {whole * 1e3:.1f} ms (profiler on): {parts}; "
        f"inside any torch operator {all_torch:.0%}."
    )
