"""Forward and backward of 3 layers with their mean: LightGCN without its loss, at 64 dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch_geometric.nn import LightGCN

from benchmarks import ours
from benchmarks.agreement import check_agreement
from benchmarks.measurement import interleave, timed
from benchmarks.peers import torch_csr
from benchmarks.peers.textbook_data import positives_of
from benchmarks.peers.textbook_graph import normalised_coo
from benchmarks.record import Measured, Row, rows_of
from benchmarks.workloads import workloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.settings import Settings
    from benchmarks.workloads import Workload

FAST, EXACT = f"ours, {ours.FAST}", "ours, float32"
SYMMETRIC, PLAIN, COO = "torch CSR, symmetric backward", "torch CSR", "torch COO"
PYG, PYG_CSR = "PyG LightGCN on edge_index", "PyG LightGCN on a CSR matrix"
BOUNDS = {SYMMETRIC: {"gowalla": 2.0}, PYG: {"gowalla": 80.0}}


def run(settings: Settings) -> Measured:
    """Measure on Gowalla and ML-1M."""
    rows: list[Row] = []
    sizes = {}
    for work in workloads(settings, "gowalla", "ml-1m"):
        rows += _measure(work, settings)
        sizes[work.name] = work.sizes
    measured = Measured(rows=tuple(rows), workloads=sizes)
    note = f"Targets are judged with {ours.FAST} storage of the gathered rows, conversions included."
    return measured.model_copy(update={"targets": measured.speedups(FAST, BOUNDS), "notes": (note,)})


def _measure(work: Workload, settings: Settings) -> list[Row]:
    x = torch.randn(work.graph.num_nodes, ours.DIMENSIONS, generator=torch.Generator().manual_seed(0))
    upstream = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    passes = {name: _forward_and_backward(forward, x, upstream) for name, forward in _contenders(work).items()}
    check_agreement({name: torch.cat(both()) for name, both in passes.items()})
    samples = interleave({name: timed(both) for name, both in passes.items()}, settings.rounds)
    return rows_of(work.name, samples, ours=FAST)


def _forward_and_backward(
    forward: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, upstream: torch.Tensor
) -> Callable[[], tuple[torch.Tensor, torch.Tensor]]:
    """A call that gives the layers' mean [nodes, d] and, for the given gradient of it, the gradient of x."""

    def both() -> tuple[torch.Tensor, torch.Tensor]:
        leaf = x.detach().requires_grad_()
        out = forward(leaf)
        (gradient,) = torch.autograd.grad(out, leaf, upstream)
        return out.detach(), gradient

    return both


def _contenders(work: Workload) -> dict[str, Callable[[torch.Tensor], torch.Tensor]]:
    graph = work.graph
    coo = normalised_coo(positives_of(graph.items_of), graph.num_items)
    csr, edge_index = torch_csr.to_csr(coo), graph.edge_index
    model = LightGCN(graph.num_nodes, ours.DIMENSIONS, ours.LAYERS)
    prepared = LightGCN(graph.num_nodes, ours.DIMENSIONS, ours.LAYERS, normalize=False)

    def pyg(network: LightGCN, edges: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
        def forward(leaf: torch.Tensor) -> torch.Tensor:
            del network.embedding.weight  # a parameter gives way to the leaf that gradients are asked for
            network.embedding.weight = leaf
            out: torch.Tensor = network.get_embedding(edges)
            return out

        return forward

    return {
        EXACT: lambda leaf: ours.mean_of_layers(graph, leaf, "float32"),
        FAST: lambda leaf: ours.mean_of_layers(graph, leaf, ours.FAST),
        SYMMETRIC: lambda leaf: torch_csr.mean_of_layers(csr, leaf, ours.LAYERS, symmetric=True),
        PLAIN: lambda leaf: torch_csr.mean_of_layers(csr, leaf, ours.LAYERS, symmetric=False),
        COO: lambda leaf: torch_csr.mean_of_layers(coo, leaf, ours.LAYERS, symmetric=False),
        PYG: pyg(model, edge_index),
        PYG_CSR: pyg(prepared, csr),
    }
