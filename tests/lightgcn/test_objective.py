from __future__ import annotations

import math

import pytest
import torch

from tastegraph.lightgcn.objective import bpr_loss, l2_penalty


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
