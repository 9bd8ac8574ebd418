"""Layers on a grid of ranks: `torchrun ... gridding.py ROWS OUT`; each rank writes what it has and was sent."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch

from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.graph.row_blocks import RowBlock, row_cuts, sum_of_layers_in_blocks
from tastegraph.ranks.alone import column_shares
from tastegraph.ranks.grid import RowsOfGrid
from tastegraph.ranks.group import joined_group

USERS, ITEMS, WIDTH = 90, 50, 6
ALPHA = torch.tensor([0.4, 0.3, 0.2, 0.1])


def graph_and_values() -> tuple[BipartiteGraph, torch.Tensor, torch.Tensor]:
    """A graph whose users differ in activity, x, and the gradient of the sum of layers."""
    rng = np.random.default_rng(1)
    user = np.minimum(rng.geometric(0.05, 700), USERS) - 1
    graph = BipartiteGraph.from_pairs(user, rng.integers(0, ITEMS, 700), USERS, ITEMS)
    x, gradient = (torch.from_numpy(rng.normal(size=(USERS + ITEMS, WIDTH)).astype(np.float32)) for _ in range(2))
    return graph, x, gradient


def main(rows: int, out: Path) -> None:
    """Run the layers forward and backward."""
    graph, x, gradient = graph_and_values()
    with joined_group(60) as ranks:
        grid = RowsOfGrid(rows)
        block = RowBlock.of(graph, row_cuts(graph, rows), grid.block)
        columns = column_shares(WIDTH, grid.columns)[grid.slice]
        own = x[block.rows, columns].contiguous().requires_grad_()
        total = sum_of_layers_in_blocks(block, own, ALPHA, grid)
        total.backward(gradient[block.rows, columns].contiguous())  # type: ignore[no-untyped-call]
        assert own.grad is not None
        found = {
            "rows": [block.rows.start, block.rows.stop],
            "columns": [columns.start, columns.stop],
            "entries": len(block.index),
            "total": total.tolist(),
            "gradient": own.grad.tolist(),
            "received": grid.received,
        }
        (out / f"{ranks.rank}.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
