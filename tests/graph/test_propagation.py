from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tastegraph.graph import propagation, sparse
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.graph.kernels import FOUND
from tastegraph.graph.propagation import (
    layer_into,
    path_of,
    propagate,
    stored_as,
    sum_of_layers,
    sum_of_layers_at,
    warm_up,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tastegraph.graph.propagation import Precision


def dense(graph: BipartiteGraph) -> torch.Tensor:
    """P = D^-1/2 A D^-1/2 with every entry written out, float64."""
    adjacency = torch.zeros(graph.num_nodes, graph.num_nodes, dtype=torch.float64)
    adjacency[graph.edge_index[1], graph.edge_index[0]] = 1
    degree = adjacency.sum(1)
    scale = torch.where(degree > 0, degree.clamp(min=1) ** -0.5, 0.0)
    return scale[:, None] * adjacency * scale[None, :]


def operator_lists(graph: BipartiteGraph) -> tuple[torch.Tensor, ...]:
    """A graph as the operators take it: start, index, degree^-1/2 and one part."""
    return (
        torch.from_numpy(graph.lists.start),
        torch.from_numpy(graph.lists.index),
        torch.from_numpy(graph.symmetric_scale.astype(np.float32)),
        torch.tensor([0, graph.num_nodes]),
    )


@st.composite
def graphs(draw: st.DrawFn) -> BipartiteGraph:
    users, items = draw(st.integers(1, 30)), draw(st.integers(1, 30))
    pairs = draw(st.lists(st.tuples(st.integers(0, users - 1), st.integers(0, items - 1)), max_size=120))
    return BipartiteGraph.from_pairs([u for u, _ in pairs], [i for _, i in pairs], users, items)


@given(graphs(), st.sampled_from([1, 8, 64, 100, 256]))
def test_the_kernel_equals_the_dense_formula_on_any_graph(graph: BipartiteGraph, width: int) -> None:
    x = torch.randn(graph.num_nodes, width, generator=torch.Generator().manual_seed(width))
    expected = dense(graph) @ x.double()
    torch.testing.assert_close(propagate(graph, x).double(), expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(propagate(graph, x, "float16").double(), expected, rtol=4e-3, atol=4e-3)
    torch.testing.assert_close(propagate(graph, x.double()), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("width", [1, 8, 64, 100, 256])
def test_strided_input_and_its_gradient(toy: BipartiteGraph, width: int) -> None:
    wide = torch.randn(toy.num_nodes, 2 * width, requires_grad=True)
    weight = torch.randn(toy.num_nodes, width)
    out = propagate(toy, wide[:, ::2])
    torch.autograd.backward((out * weight).sum())
    matrix = dense(toy).float()
    torch.testing.assert_close(out, matrix @ wide[:, ::2])
    assert wide.grad is not None
    torch.testing.assert_close(wide.grad[:, ::2], matrix.T @ weight)
    assert bool((wide.grad[:, 1::2] == 0).all())


def test_the_gradient_is_that_of_finite_differences(toy: BipartiteGraph) -> None:
    x = torch.randn(toy.num_nodes, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda values: propagate(toy, values), (x,))


def test_torch_accepts_the_operator(toy: BipartiteGraph) -> None:
    arguments = (torch.randn(toy.num_nodes, 3, requires_grad=True), *operator_lists(toy), False)
    checks = torch.library.opcheck(torch.ops.tastegraph.propagate.default, arguments)
    assert set(checks.values()) == {"SUCCESS"}


def test_the_number_of_threads_does_not_change_a_bit(toy: BipartiteGraph) -> None:
    rng = np.random.default_rng(0)
    graph = BipartiteGraph.from_pairs(rng.integers(300, size=5000), rng.integers(200, size=5000), 300, 200)
    x = torch.randn(graph.num_nodes, 64)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = propagate(graph, x)
        torch.set_num_threads(2)
        assert torch.equal(propagate(graph, x), alone)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("width", [1, 64, 100])
def test_a_layer_written_over_one_side_equals_the_whole_layer_there(toy: BipartiteGraph, width: int) -> None:
    x = torch.randn(7, width, generator=torch.Generator().manual_seed(0))
    whole, nodes, users = propagate(toy, x), x.clone(), range(3)
    layer_into(toy, nodes, users, nodes[:3])
    assert torch.equal(nodes[:3], whole[:3])
    assert torch.equal(nodes[3:], x[3:])


@given(graphs(), st.integers(0, 4), st.sampled_from([1, 8, 64, 100]))
def test_the_weighted_sum_of_layers_and_its_gradients_equal_the_dense_formula(
    graph: BipartiteGraph, num_layers: int, width: int
) -> None:
    draws = torch.Generator().manual_seed(width)
    x = torch.randn(graph.num_nodes, width, generator=draws, requires_grad=True)
    alpha = torch.rand(num_layers + 1, generator=draws, requires_grad=True)
    weight = torch.randn(graph.num_nodes, width, generator=draws)
    matrix, exact, exact_alpha = dense(graph), x.detach().double().requires_grad_(), alpha.detach().double()
    exact_alpha.requires_grad_()
    powers = [torch.linalg.matrix_power(matrix, k) for k in range(num_layers + 1)]
    expected = sum((exact_alpha[k] * power @ exact for k, power in enumerate(powers)), torch.zeros(()))
    assert isinstance(expected, torch.Tensor)
    slopes = torch.autograd.grad((expected * weight).sum(), (exact, exact_alpha))
    for precision, tolerance in (("float32", 2e-5), ("float16", 1e-2)):
        found = sum_of_layers(graph, x, alpha, precision)  # type: ignore[arg-type]
        torch.testing.assert_close(found.double(), expected.detach(), rtol=tolerance, atol=tolerance)
        ours = torch.autograd.grad((found * weight).sum(), (x, alpha))
        torch.testing.assert_close(ours[0].double(), slopes[0], rtol=tolerance, atol=tolerance)
        allowed = tolerance * float(weight.abs().sum() + 1)
        torch.testing.assert_close(ours[1].double(), slopes[1], rtol=tolerance, atol=allowed)


def test_torch_accepts_the_operator_of_the_sum(toy: BipartiteGraph) -> None:
    x, alpha = torch.randn(toy.num_nodes, 3, requires_grad=True), torch.rand(3, requires_grad=True)
    arguments = (x, alpha, *operator_lists(toy), False)
    checks = torch.library.opcheck(torch.ops.tastegraph.sum_of_layers.default, arguments)
    assert set(checks.values()) == {"SUCCESS"}
    exact = torch.randn(toy.num_nodes, 3, dtype=torch.float64, requires_grad=True)
    weights = torch.rand(4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda values, alpha: sum_of_layers(toy, values, alpha), (exact, weights))


@given(graphs(), st.integers(0, 4), st.sampled_from([1, 8, 64, 100]), st.data())
def test_the_sum_at_some_rows_and_its_gradients_equal_the_dense_formula(
    graph: BipartiteGraph, num_layers: int, width: int, data: st.DataObject
) -> None:
    nodes = data.draw(st.lists(st.integers(0, graph.num_nodes - 1), unique=True, min_size=1))
    rows, draws = torch.tensor(nodes), torch.Generator().manual_seed(1)
    x = torch.randn(graph.num_nodes, width, generator=draws, requires_grad=True)
    alpha = torch.rand(num_layers + 1, generator=draws, requires_grad=True)
    weights = torch.randn(2, len(nodes), width, generator=draws)
    matrix, exact, exact_alpha = dense(graph), x.detach().double().requires_grad_(), alpha.detach().double()
    exact_alpha.requires_grad_()
    powers = [torch.linalg.matrix_power(matrix, k) for k in range(num_layers + 1)]
    total = sum((exact_alpha[k] * power @ exact for k, power in enumerate(powers)), torch.zeros(()))
    assert isinstance(total, torch.Tensor)
    expected = (total[rows], exact[rows])
    slopes = torch.autograd.grad((torch.stack(expected) * weights).sum(), (exact, exact_alpha))
    for precision, tolerance in (("float32", 2e-5), ("float16", 1e-2)):
        found = sum_of_layers_at(graph, x, alpha, rows, precision)  # type: ignore[arg-type]
        for part, exactly in zip(found, expected, strict=True):
            torch.testing.assert_close(part.double(), exactly.detach(), rtol=tolerance, atol=tolerance)
        # Gradients of a mean loss are tiny: stored as halves without a scale they would vanish.
        ours = torch.autograd.grad((torch.stack(found) * weights * 1e-9).sum(), (x, alpha))
        torch.testing.assert_close(ours[0].double() * 1e9, slopes[0], rtol=tolerance, atol=tolerance)
        allowed = tolerance * float(weights.abs().sum() + 1)
        torch.testing.assert_close(ours[1].double() * 1e9, slopes[1], rtol=tolerance, atol=allowed)


@pytest.mark.parametrize("share", [0.5, 1.0])
@pytest.mark.parametrize("users", [FOUND - 1, FOUND, FOUND + 1, 3 * FOUND])
def test_lists_longer_than_the_buffer_of_marked_neighbours(users: int, share: float) -> None:
    graph = BipartiteGraph.from_pairs(range(users), [0] * users, users, 1)
    draws = torch.Generator().manual_seed(users)
    rows = torch.randperm(users, generator=draws)[: int(share * users)]
    x = torch.randn(users + 1, 8, generator=draws, requires_grad=True)
    weights = torch.randn(len(rows), 8, generator=draws)
    total, _ = sum_of_layers_at(graph, x, torch.tensor([0.0, 1.0]), rows)
    (slope,) = torch.autograd.grad((total * weights).sum(), x)
    expected = dense(graph)[:, rows] @ weights.double()
    torch.testing.assert_close(slope.double(), expected, rtol=1e-5, atol=1e-6)


def test_torch_accepts_the_operator_of_the_sum_at_some_rows(toy: BipartiteGraph) -> None:
    rows, x, alpha = torch.tensor([4, 0, 6]), torch.randn(7, 3, requires_grad=True), torch.rand(3, requires_grad=True)
    arguments = (x, alpha, rows, *operator_lists(toy), False)
    checks = torch.library.opcheck(torch.ops.tastegraph.sum_of_layers_at.default, arguments)
    assert set(checks.values()) == {"SUCCESS"}
    exact = torch.randn(toy.num_nodes, 3, dtype=torch.float64, requires_grad=True)
    weights = torch.rand(4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda values, alpha: sum_of_layers_at(toy, values, alpha, rows), (exact, weights))


@pytest.mark.parametrize("factor", [1e-36, 1e-20, 1.0, 1e20, 1e36])
def test_halves_keep_rows_of_any_size(toy: BipartiteGraph, factor: float) -> None:
    """Each row has a scale of its own: 2^-11 of the largest numbers summed, whatever their size, and zeros stay."""
    x = torch.randn(toy.num_nodes, 64, generator=torch.Generator().manual_seed(0))
    x[::2] *= 1e-6
    x[1] = 0
    found = propagate(toy, x * factor, "float16").double() / factor
    row_error = 2.0**-11 * dense(toy) @ x.double().abs().max(1, keepdim=True).values
    assert bool(((found - dense(toy) @ x.double()).abs() <= row_error + 1e-9).all())


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_halves_pass_on_what_is_no_number(broken: float) -> None:
    graph = BipartiteGraph.from_pairs([0], [0], 1, 1)
    x = torch.ones(2, 64)
    x[1, 5] = broken
    assert not bool(propagate(graph, x, "float16")[0, 5].isfinite())


def test_a_processor_that_cannot_convert_halves_stores_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mocked, since such a processor is not at hand."""
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    for f16c, expected in ((False, "float32"), (True, "float16")):
        monkeypatch.setattr("llvmlite.binding.get_host_cpu_features", lambda f16c=f16c: {"f16c": f16c})
        stored_as.cache_clear()
        assert stored_as("float16") == expected
        assert stored_as("float32") == "float32"
    stored_as.cache_clear()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])  # the kernels, and plain PyTorch
@pytest.mark.parametrize("exponents", [(0.5, 0.5), (0.3, 0.3), (0.2, 0.9), (1.0, 0.0)])
def test_any_exponents_equal_the_dense_formula(
    toy: BipartiteGraph, exponents: tuple[float, float], dtype: torch.dtype
) -> None:
    """P = D^-a A D^-b."""
    a, b = exponents
    graph = toy.normalised(exponents)
    degree = torch.from_numpy(toy.lists.counts).double().clamp(min=1)
    adjacency = (dense(toy) > 0).double()
    p = degree[:, None] ** -a * adjacency * degree[None, :] ** -b
    x = torch.randn(7, 8, generator=torch.Generator().manual_seed(0)).to(dtype).requires_grad_()
    alpha, rows = torch.tensor([0.5, 0.25, 0.125, 0.125]).to(dtype).requires_grad_(), torch.tensor([5, 0, 6, 1])
    exact, weights = x.detach().double().requires_grad_(), alpha.detach().double().requires_grad_()
    layers = [torch.linalg.matrix_power(p, k) @ exact for k in range(4)]
    total = sum((weights[k] * layers[k] for k in range(4)), torch.zeros(()))
    assert isinstance(total, torch.Tensor)
    found = (propagate(graph, x), sum_of_layers(graph, x, alpha), *sum_of_layers_at(graph, x, alpha, rows))
    for ours, theirs in zip(found, (layers[1], total, total[rows], exact[rows]), strict=True):
        assert ours.dtype == dtype
        torch.testing.assert_close(ours.double(), theirs.detach(), rtol=1e-5, atol=1e-6)
        if ours is found[0]:
            continue
        slopes = torch.autograd.grad(theirs.square().sum(), (exact, weights), retain_graph=True, allow_unused=True)
        own = torch.autograd.grad(ours.square().sum(), (x, alpha), retain_graph=True, allow_unused=True)
        torch.testing.assert_close(own[0].double(), slopes[0], rtol=1e-4, atol=1e-5)
        if slopes[1] is not None:
            torch.testing.assert_close(own[1].double(), slopes[1], rtol=1e-4, atol=1e-5)


def test_halves_are_stored_where_they_are_asked_for_alone() -> None:
    """On plain PyTorch too, and for float32 alone: float64 is asked for by who wants it exact."""
    graph = BipartiteGraph.from_pairs([0, 0, 1], [0, 1, 1], 2, 2)
    x = torch.rand(4, 64, generator=torch.Generator().manual_seed(3))
    whole = propagate(graph, x)
    assert torch.equal(propagate(graph, x, "float32"), whole)
    assert not torch.equal(propagate(graph, x, "float16"), whole)
    assert torch.equal(propagate(graph, x.double(), "float16"), propagate(graph, x.double()))
    alpha, rows = torch.ones(3) / 3, torch.arange(4)
    whole = sum_of_layers(graph, x, alpha)
    assert torch.equal(sum_of_layers(graph, x, alpha, "float32"), whole)
    assert not torch.equal(sum_of_layers(graph, x, alpha, "float16"), whole)
    whole = sum_of_layers_at(graph, x, alpha, rows)[0]
    assert torch.equal(sum_of_layers_at(graph, x, alpha, rows, "float32")[0], whole)
    assert not torch.equal(sum_of_layers_at(graph, x, alpha, rows, "float16")[0], whole)


def test_plain_pytorch_stores_halves_for_float32_alone(plainly: Callable[[], None], toy: BipartiteGraph) -> None:
    plainly()
    x = torch.randn(7, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(propagate(toy, x).double(), dense(toy) @ x.double(), rtol=1e-5, atol=1e-6)
    half = propagate(toy, x, "float16")
    torch.testing.assert_close(half.double(), dense(toy) @ x.double(), rtol=4e-3, atol=4e-3)
    assert not torch.equal(half, propagate(toy, x))
    assert torch.equal(propagate(toy, x.double(), "float16"), propagate(toy, x.double()))


def test_what_is_made_of_a_graph_is_made_once(toy: BipartiteGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.ones(7, 2, dtype=torch.float64)
    expected = propagate(toy, x)
    propagate(toy, x.float())
    monkeypatch.setattr(sparse, "matrix_of", None)
    monkeypatch.setattr(propagation, "equal_parts", None)
    assert torch.equal(propagate(toy, x), expected)
    propagate(toy, x.float())


def test_which_way_runs_where() -> None:
    assert path_of(torch.device("cpu")) == "compiled kernels (numba)"
    assert path_of(torch.device("cuda")) == "PyTorch (compressed rows)"


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_warming_up_says_how_long_it_took(precision: Precision) -> None:
    assert warm_up(8, precision) > 0
