"""Epochs and steps of a training on the processor and on a GPU: Gowalla, by BPR and by the softmax."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchmarks import ours
from benchmarks.measurement import interleave
from benchmarks.record import Measured, rows_of
from benchmarks.workloads import workloads
from tastegraph.errors import DeviceError
from tastegraph.graph.devices import CPU, device_of, name_of

if TYPE_CHECKING:
    from typing import Any

    import torch

    from benchmarks.measurement import Sampler
    from benchmarks.record import Row
    from benchmarks.settings import Settings
    from benchmarks.workloads import Workload

BATCH = 2048
PROCESSOR = "the processor, compiled kernels"
EPOCHS, ROUNDS = 3, 3
OBJECTIVES: dict[str, dict[str, Any]] = {
    "BPR": {},
    "BPR, hardest of 16": {"negatives": "hardest"},
    "softmax, 2048 shared": {"objective": "softmax"},
    "softmax, the batch's": {"objective": "softmax", "negatives": "batch"},
}


def run(settings: Settings) -> Measured:
    """Measure what is there; where no GPU is, the processor alone."""
    (work,) = workloads(settings, "gowalla")
    batch, epochs = (256, 1) if settings.quick else (BATCH, EPOCHS)
    devices, notes = {PROCESSOR: CPU}, ["An epoch with its draws, the first one not counted; lower is better."]
    try:
        gpu = device_of("cuda")
        devices[name_of(gpu)] = gpu
    except DeviceError as error:
        notes.append(f"No GPU was measured: {error}.")
    rows: list[Row] = []
    for name, objective in OBJECTIVES.items():
        samplers = {label: _epochs(work, batch, epochs, device, objective) for label, device in devices.items()}
        samples = interleave(samplers, min(settings.rounds, ROUNDS))
        learned = work.graph.num_users if "objective" in objective else work.graph.num_edges
        steps = math.ceil(learned / batch)
        a_step = {label: [seconds / steps for seconds in of_epochs] for label, of_epochs in samples.items()}
        rows += rows_of(f"{work.name}, {name}: an epoch", samples, ours=PROCESSOR, unit="s")
        rows += rows_of(f"{work.name}, {name}: a step of {steps}", a_step, ours=PROCESSOR)
    return Measured(rows=tuple(rows), workloads={work.name: work.sizes}, notes=tuple(notes))


def _epochs(work: Workload, batch: int, epochs: int, device: torch.device, objective: dict[str, Any]) -> Sampler:
    return lambda: ours.epoch_seconds(work.graph, batch, epochs, device=device, **objective)
