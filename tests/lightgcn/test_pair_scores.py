from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from tastegraph.lightgcn.pair_scores import pair_scores, pair_scores_reference


@given(st.integers(1, 9), st.integers(0, 30), st.sampled_from([1, 3, 8, 64, 100, 256]), st.integers(0, 99))
def test_scores_and_their_gradient_equal_the_plain_formula(nodes: int, pairs: int, width: int, seed: int) -> None:
    """Pairs of a node with itself, repeated pairs and nodes in no pair included."""
    draws = torch.Generator().manual_seed(seed)
    e = torch.randn(nodes, width, generator=draws, requires_grad=True)
    left, right = torch.randint(nodes, (2, pairs), generator=draws).unbind()
    weight = torch.randn(pairs, generator=draws)
    exact = e.detach().double().requires_grad_()
    expected = pair_scores_reference(exact, left, right)
    (slope,) = torch.autograd.grad((expected * weight).sum(), exact)
    found = pair_scores(e, left, right)
    torch.testing.assert_close(found.double(), expected.detach(), rtol=1e-5, atol=1e-4)
    (ours,) = torch.autograd.grad((found * weight).sum(), e)
    torch.testing.assert_close(ours.double(), slope, rtol=1e-5, atol=1e-4)


def test_strided_embeddings_score_the_same() -> None:
    wide, left, right = torch.randn(6, 20), torch.tensor([0, 5]), torch.tensor([3, 3])
    torch.testing.assert_close(pair_scores(wide[:, ::2], left, right), (wide[left] * wide[right])[:, ::2].sum(1))


def test_torch_accepts_the_operator() -> None:
    e = torch.randn(5, 4, requires_grad=True)
    arguments = (e, torch.tensor([0, 1, 1]), torch.tensor([4, 4, 2]))
    checks = torch.library.opcheck(torch.ops.tastegraph.pair_scores.default, arguments)
    assert set(checks.values()) == {"SUCCESS"}


def test_the_gradient_is_that_of_finite_differences() -> None:
    e = torch.randn(5, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda rows: pair_scores(rows, torch.tensor([0, 1]), torch.tensor([1, 1])), (e,))


def test_the_number_of_threads_does_not_change_a_bit() -> None:
    draws, found = torch.Generator().manual_seed(0), []
    e = torch.randn(50, 64, generator=draws, requires_grad=True)
    left, right = torch.randint(50, (2, 4000), generator=draws).unbind()
    threads = torch.get_num_threads()
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            scores = pair_scores(e, left, right)
            found.append((scores.detach(), *torch.autograd.grad(scores.square().sum(), e)))
    finally:
        torch.set_num_threads(threads)
    for one, two in zip(*found, strict=True):
        assert torch.equal(one, two)
