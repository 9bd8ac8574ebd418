from __future__ import annotations

import math

import pytest
import torch

from tastegraph.lightgcn.objective import bpr_loss, l2_penalty, sampled_softmax_loss


def test_bpr_is_minus_the_mean_log_sigmoid_of_the_difference() -> None:
    positive, negative = torch.tensor([2.0, 0.0]), torch.tensor([1.0, 0.0])
    expected = (-math.log(1 / (1 + math.exp(-1.0))) + math.log(2)) / 2
    assert bpr_loss(positive, negative).item() == pytest.approx(expected, rel=1e-6)


def test_bpr_stays_finite_where_the_sigmoid_underflows() -> None:
    assert bpr_loss(torch.tensor([-500.0]), torch.tensor([500.0])).item() == pytest.approx(1000.0)
    assert bpr_loss(torch.tensor([500.0]), torch.tensor([-500.0])).item() == 0.0


def test_bprs_gradient_is_minus_sigmoid_of_the_reversed_difference() -> None:
    positive = torch.tensor([0.3, -1.0], dtype=torch.float64, requires_grad=True)
    negative = torch.tensor([0.1, 2.0], dtype=torch.float64, requires_grad=True)
    torch.autograd.backward(bpr_loss(positive, negative))
    expected = -torch.sigmoid(negative.detach() - positive.detach()) / 2
    torch.testing.assert_close(positive.grad, expected)
    torch.testing.assert_close(negative.grad, -expected)


def test_the_penalty_is_half_the_squared_norm_by_the_batch_size() -> None:
    user, item = torch.tensor([3.0, 4.0]), torch.tensor([1.0, 1.0])
    assert l2_penalty(torch.stack([user @ user, item @ item]), batch_size=4).item() == pytest.approx((25 + 2) / (2 * 4))


def test_sampled_softmax_is_the_cross_entropy_of_the_positive_among_it_and_the_users_negatives() -> None:
    positive = torch.tensor([1.0, 0.5, -2.0], dtype=torch.float64)
    negative = torch.tensor([[0.0, 1.0], [2.0, -1.0]], dtype=torch.float64)
    row = torch.tensor([0, 0, 1])
    logits = torch.cat([positive[:, None], negative[row]], dim=1)
    expected = torch.nn.functional.cross_entropy(logits, torch.zeros(3, dtype=torch.int64))
    torch.testing.assert_close(sampled_softmax_loss(positive, negative, row), expected)


def test_sampled_softmax_with_one_negative_at_score_0_is_bprs_sigmoid_by_hand() -> None:
    """-ln(e^s / (e^s + e^0)) = ln(1 + e^-s)."""
    loss = sampled_softmax_loss(torch.tensor([0.7]), torch.tensor([[0.0]]), torch.tensor([0]))
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-0.7)), rel=1e-6)


def test_sampled_softmaxs_gradient_is_the_numerical_one_and_large_scores_do_not_overflow() -> None:
    generator = torch.Generator().manual_seed(1)
    positive, negative = (
        torch.randn(*size, generator=generator, dtype=torch.float64, requires_grad=True) for size in ((5,), (3, 4))
    )
    row = torch.tensor([0, 0, 1, 2, 2])
    assert torch.autograd.gradcheck(lambda p, n: sampled_softmax_loss(p, n, row), (positive, negative))
    hot = sampled_softmax_loss(torch.tensor([-1000.0]), torch.tensor([[1000.0, 999.0]]), torch.tensor([0]))
    assert hot.item() == pytest.approx(2000 + math.log(1 + math.exp(-1)))


def test_a_positive_of_weight_2_counts_as_two() -> None:
    positive, negative = torch.tensor([1.0, -2.0]), torch.tensor([[0.0, 1.0], [2.0, -1.0]])
    weighted = sampled_softmax_loss(positive, negative, torch.tensor([0, 1]), torch.tensor([2.0, 1.0]))
    twice = sampled_softmax_loss(positive[[0, 0, 1]], negative, torch.tensor([0, 0, 1]))
    torch.testing.assert_close(weighted, twice)
