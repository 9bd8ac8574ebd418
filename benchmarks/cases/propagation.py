"""One layer, P x, without gradients, at 64 dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch_geometric.nn import LGConv

from benchmarks import ours
from benchmarks.agreement import check_agreement
from benchmarks.bandwidth import copy_bandwidth, propagation_bytes
from benchmarks.measurement import interleave, timed
from benchmarks.peers.textbook_data import positives_of
from benchmarks.peers.textbook_graph import normalised_coo
from benchmarks.peers.torch_csr import to_csr
from benchmarks.record import Measured, Row, rows_of
from benchmarks.workloads import workloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.settings import Settings
    from benchmarks.workloads import Workload

FAST, EXACT = f"ours, {ours.FAST}", "ours, float32"
COO, CSR, PYG = "torch COO", "torch CSR", "PyG LGConv on edge_index"
# Times faster than each peer that ours must be, by data set.
BOUNDS = {COO: {"gowalla": 18.0}, CSR: {"gowalla": 5.0, "ml-1m": 2.5}, PYG: {"gowalla": 80.0}}


def run(settings: Settings) -> Measured:
    """Measure on Gowalla and ML-1M."""
    rows: list[Row] = []
    sizes = {}
    for work in workloads(settings, "gowalla", "ml-1m"):
        rows += _measure(work, settings)
        sizes[work.name] = work.sizes
    measured = Measured(rows=tuple(rows), workloads=sizes)
    note = (
        f"Targets are judged with {ours.FAST} storage of the gathered rows, conversions from and to float32 included. "
        f"Memory limit: bytes read if no gathered row were in a cache, over {copy_bandwidth() / 1e9:.0f} GB/s measured "
        "copying; caches let a kernel go below it."
    )
    return measured.model_copy(update={"targets": measured.speedups(FAST, BOUNDS), "notes": (note,)})


def _measure(work: Workload, settings: Settings) -> list[Row]:
    contenders = _contenders(work)
    with torch.no_grad():
        check_agreement({name: contender() for name, contender in contenders.items()})
        samples = interleave({name: timed(contender) for name, contender in contenders.items()}, settings.rounds)
    for precision, itemsize in (("float16", 2), ("float32", 4)):
        moved = propagation_bytes(work.graph, ours.DIMENSIONS, itemsize)
        samples[f"memory limit, {precision}"] = [moved / copy_bandwidth()]
    return rows_of(work.name, samples, ours=FAST)


def _contenders(work: Workload) -> dict[str, Callable[[], torch.Tensor]]:
    graph = work.graph
    x = torch.randn(graph.num_nodes, ours.DIMENSIONS, generator=torch.Generator().manual_seed(0))
    coo = normalised_coo(positives_of(graph.items_of), graph.num_items)
    csr, edge_index, conv = to_csr(coo), graph.edge_index, LGConv()
    return {
        EXACT: lambda: ours.one_layer(graph, x, "float32"),
        FAST: lambda: ours.one_layer(graph, x, ours.FAST),
        CSR: lambda: csr @ x,
        COO: lambda: torch.sparse.mm(coo, x),
        PYG: lambda: conv(x, edge_index),
    }
