"""Rows of the graph in blocks, columns in slices: the same layers, and as many bytes as the formula says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tastegraph.errors import GraphError
from tastegraph.graph.propagation import sum_of_layers
from tastegraph.graph.row_blocks import RowBlock, bytes_of_layers, row_cuts
from tastegraph.ranks.alone import column_shares

from .gridding import ALPHA, WIDTH, graph_and_values
from .starting import started

GRIDDING = str(Path(__file__).parent / "gridding.py")


@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (3, 1)])
def test_a_grid_computes_the_layers_of_one_process_and_sends_what_the_formula_says(
    rows: int, columns: int, tmp_path: Path
) -> None:
    graph, x, gradient = graph_and_values()
    x.requires_grad_()
    expected = sum_of_layers(graph, x, ALPHA)
    expected.backward(gradient)  # type: ignore[no-untyped-call]
    assert x.grad is not None

    done = started(rows * columns, GRIDDING, str(rows), str(tmp_path))
    assert done.returncode == 0, done.stderr
    cuts, layers = row_cuts(graph, rows), 2 * (len(ALPHA) - 1)
    entries = set()
    for rank in range(rows * columns):
        found = json.loads((tmp_path / f"{rank}.json").read_text(encoding="utf-8"))
        place = slice(*found["rows"]), slice(*found["columns"])
        np.testing.assert_allclose(found["total"], expected.detach()[place], atol=1e-6)
        np.testing.assert_allclose(found["gradient"], x.grad[place], atol=1e-6)
        width = column_shares(WIDTH, columns)[rank % columns]
        assert found["received"] == bytes_of_layers(cuts, width.stop - width.start, layers)
        entries.add((rank // columns, found["entries"]))
    assert sum(count for _, count in entries) == 2 * graph.num_edges  # no edge is held twice within a slice


def test_blocks_share_rows_and_entries_evenly_and_none_is_empty() -> None:
    graph, *_ = graph_and_values()
    for blocks in (1, 2, 5, graph.num_nodes):
        cuts = row_cuts(graph, blocks)
        assert (len(cuts), sum(cuts), min(cuts) >= 1) == (blocks, graph.num_nodes, True)
    work = [len(RowBlock.of(graph, row_cuts(graph, 4), block).index) for block in range(4)]
    assert max(work) < 2 * graph.num_edges / 4 * 1.5
    with pytest.raises(GraphError, match="from 1 to as many blocks"):
        row_cuts(graph, 1000)
    with pytest.raises(GraphError, match="none of a graph"):
        RowBlock.of(graph, (1, 2), 0)


def test_one_block_is_sent_nothing() -> None:
    assert bytes_of_layers([140], 64, 6) == 0
    assert bytes_of_layers([70, 70], 32, 6) == 6 * 4 * 70 * 32


def test_a_layer_of_blocks_is_the_dense_formula() -> None:
    graph, x, _ = graph_and_values()
    cuts = row_cuts(graph, 3)

    class Whole:
        def all_rows(self, own: torch.Tensor, counts: object) -> torch.Tensor:
            return x

    blocks = [RowBlock.of(graph, cuts, number) for number in range(3)]
    rows = torch.cat([block.layer(x[block.rows], Whole()) for block in blocks])
    a = torch.zeros(graph.num_nodes, graph.num_nodes)
    source, target = graph.edge_index
    a[target, source] = 1
    d = torch.from_numpy(graph.symmetric_scale).float()
    torch.testing.assert_close(rows, d[:, None] * (a @ (d[:, None] * x)), atol=1e-5, rtol=0)
