from __future__ import annotations

import math

import pytest
import torch

pytest.importorskip("yacs")
pytest.importorskip("pytorch_lightning")

from tastegraph.graphgym.loss_and_metrics import bpr, ranking_metric


def test_metrics_by_hand_over_batches_with_a_cold_item() -> None:
    # Row 0: the wanted film is second; row 1: first of two wanted, the other is cold (-inf) and cannot be listed.
    true = [torch.tensor([[0.0, 1.0, 0.0]]), torch.tensor([[1.0, 0.0, 1.0]])]
    pred = [torch.tensor([[3.0, 2.0, 1.0]]), torch.tensor([[3.0, 2.0, -math.inf]])]
    second, both = 1 / math.log2(3), 1 / (1 + 1 / math.log2(3))
    assert ranking_metric("ndcg")(true, pred, "ranking") == pytest.approx((second + both) / 2, abs=1e-4)
    assert ranking_metric("recall")(true, pred, "ranking") == pytest.approx(0.75)
    assert ranking_metric("precision")(true, pred, "ranking") == pytest.approx(0.1)


def test_the_loss_of_a_pair_is_bpr_and_of_a_matrix_over_what_can_be_listed() -> None:
    from torch_geometric.graphgym.config import cfg

    cfg.model.loss_fun = "bpr"
    found = bpr(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0]]))
    assert found is not None
    assert float(found[0]) == pytest.approx(math.log(1 + math.exp(-1)))
    found = bpr(torch.tensor([[2.0, -math.inf, 0.5, -math.inf]]), torch.tensor([[1.0, 0.0, 0.0, 1.0]]))
    assert found is not None
    assert float(found[0]) == pytest.approx(math.log(1 + math.exp(-1.5)))  # film 2 is the only other one
    cfg.model.loss_fun = "mse"
    assert bpr(torch.zeros(1, 2), torch.zeros(1, 2)) is None
