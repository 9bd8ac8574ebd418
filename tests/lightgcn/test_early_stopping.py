from __future__ import annotations

import torch

from tastegraph.lightgcn.early_stopping import Best
from tastegraph.lightgcn.model import LightGCN


def test_the_first_of_the_highest_is_the_best_and_patience_counts_from_there() -> None:
    model, best, starts = LightGCN(2, 2, embedding_dim=1), Best(patience=2), []
    assert not best.is_over
    for epoch, value in enumerate((0.1, 0.3, 0.3, 0.2), start=1):
        with torch.no_grad():
            model.E0.fill_(epoch)
        best.offer(model, epoch, value)
        starts.append((best.epoch, best.is_over))
    assert starts == [(1, False), (2, False), (2, False), (2, True)]
    best.restore(model)
    assert (model.E0 == 2).all()


def test_before_any_validation_the_model_stays_as_it_is() -> None:
    model, best = LightGCN(2, 2, embedding_dim=1), Best(patience=1)
    before = model.E0.detach().clone()
    best.restore(model)
    assert best.epoch == 0
    assert torch.equal(model.E0, before)
