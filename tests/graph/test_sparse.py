from __future__ import annotations

import numpy as np
import pytest
import torch

from tastegraph.graph import sparse
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.graph.devices import CPU

# P of the 3 x 4 graph: degrees 2 1 2 and 2 2 1 0; of user 0 and item 0 it is 1 / sqrt(2 * 2), and so on.
HALF, ROOT = 0.5, 0.5**0.5
P = torch.zeros(7, 7, dtype=torch.float64)
for _user, _item, _value in ((0, 3, HALF), (0, 4, HALF), (1, 3, ROOT), (2, 4, HALF), (2, 5, ROOT)):
    P[_user, _item] = P[_item, _user] = _value


def test_the_matrix_by_hand(toy: BipartiteGraph) -> None:
    p = sparse.matrix_of(toy, CPU, torch.float64)
    rows = torch.sparse_csr_tensor(p.start, p.index, p.values, size=(7, 7), check_invariants=True)
    torch.testing.assert_close(rows.to_dense(), P)
    assert (p.start.dtype, p.index.dtype, p.values.dtype) == (torch.int32, torch.int32, torch.float64)
    assert p.largest.item() == pytest.approx(HALF + ROOT)
    assert (p.largest.dtype, p.largest.shape) == (torch.float32, ())


def test_the_largest_sum_of_a_row_is_at_least_1_and_that_of_the_widest_row() -> None:
    star = BipartiteGraph.from_pairs([0] * 9, range(9), 2, 9)  # nine neighbours of degree 1: 9 / sqrt 9
    assert sparse.matrix_of(star, CPU, torch.float32).largest.item() == pytest.approx(3)
    assert sparse.matrix_of(BipartiteGraph.from_pairs([0], [0], 1, 1), CPU, torch.float32).largest.item() == 1
    assert sparse.matrix_of(BipartiteGraph.from_pairs([], [], 1, 1), CPU, torch.float32).largest.item() == 1


def test_a_product_and_its_gradient_are_those_of_the_dense_matrix(toy: BipartiteGraph) -> None:
    p = sparse.matrix_of(toy, CPU, torch.float64)
    x = torch.randn(7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    torch.testing.assert_close(sparse.product(p, x), P @ x)
    assert torch.autograd.gradcheck(lambda values: sparse.product(p, values), (x,))


@pytest.mark.parametrize("factor", [0.0, 1e-30, 1.0, 1e30])
def test_halves_hold_rows_of_any_size(toy: BipartiteGraph, factor: float) -> None:
    """To 2^-10 of the largest number: rows and sums are rounded once each."""
    p = sparse.matrix_of(toy, CPU, torch.float32)
    halves = sparse.Matrix(p.start, p.index, p.values.half(), p.largest)
    x = factor * torch.randn(7, 5, generator=torch.Generator().manual_seed(1))
    found = sparse.product(halves, x)
    assert found.dtype == torch.float32
    exact = P @ x.double()
    assert float((found.double() - exact).abs().max()) <= 2.0**-9 * float(x.abs().max())
    assert factor == 0 or float((found.double() - exact).abs().max()) > 0  # they are stored as halves


def test_halves_of_many_neighbours_do_not_overflow() -> None:
    """A sum of 10,000 rows of one size, each near the largest half: scaled by the largest sum of a row."""
    n = 10_000
    star = BipartiteGraph.from_pairs([0] * n, range(n), 1, n)
    p = sparse.matrix_of(star, CPU, torch.float32)
    halves = sparse.Matrix(p.start, p.index, p.values.half(), p.largest)
    found = sparse.product(halves, torch.full((n + 1, 1), 60_000.0))
    assert found[0].item() == pytest.approx(60_000 * n**0.5, rel=2e-3)


@pytest.mark.parametrize("alpha", [[2.0], [0.5, -1.0], [0.25, 0.25, 0.25, 0.25], [0.0, 0.0, 3.0]])
def test_the_sum_of_layers_is_the_polynomial(toy: BipartiteGraph, alpha: list[float]) -> None:
    p = sparse.matrix_of(toy, CPU, torch.float64)
    x = torch.randn(7, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(2), requires_grad=True)
    weights = torch.tensor(alpha, dtype=torch.float64, requires_grad=True)
    powers = torch.stack([torch.linalg.matrix_power(P, k) @ x for k in range(len(alpha))])
    expected = (weights[:, None, None] * powers).sum(0)
    torch.testing.assert_close(sparse.sum_of_layers(p, x, weights), expected)
    assert torch.autograd.gradcheck(lambda a, b: sparse.sum_of_layers(p, a, b), (x, weights))


def test_weights_of_layers_take_the_dtype_of_the_values(toy: BipartiteGraph) -> None:
    p = sparse.matrix_of(toy, CPU, torch.float64)
    found = sparse.sum_of_layers(p, torch.ones(7, 1, dtype=torch.float64), torch.tensor([0.5, 0.5]))
    assert found.dtype == torch.float64


def test_entries_past_31_bits_are_counted_in_64(toy: BipartiteGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mocked: as if int32 ended at 9, or at 10, of 10 entries."""
    for end, dtype in ((9, torch.int64), (10, torch.int32)):
        monkeypatch.setattr(np, "iinfo", lambda _, end=end: type("Ends", (), {"max": end}))
        p = sparse.matrix_of(toy, CPU, torch.float64)
        assert p.start.dtype == p.index.dtype == dtype
        torch.testing.assert_close(sparse.product(p, torch.eye(7, dtype=torch.float64)), P)
