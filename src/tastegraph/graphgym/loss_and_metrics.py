"""Loss `bpr` and the ranking metrics of GraphGym, from scores and what is to be high among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch_geometric.graphgym.config import cfg
from torch_geometric.graphgym.register import register_loss, register_metric

from tastegraph.graph.top_k import top_k
from tastegraph.lightgcn.objective import bpr_loss
from tastegraph.ranking.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

__all__ = ["K", "bpr", "ranking_metric"]

K = 10


@register_loss("bpr")  # type: ignore[untyped-decorator]
def bpr(pred: torch.Tensor, true: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
    """BPR of every wanted column of a row against one that is not, and the scores; None for another loss_fun.

    In training a row has one of each. In validation and test the other is drawn, by a seed of its own, among what a
    list may hold.

    Args:
        pred: scores, float [rows, columns].
        true: 1 for a column that is to be high, 0 for another, of the same shape.
    """
    if cfg.model.loss_fun != "bpr":
        return None
    if pred.shape[1] == 2:  # a pair
        return bpr_loss(pred[:, 0], pred[:, 1]), pred
    row, column = torch.nonzero((true > 0) & pred.isfinite(), as_tuple=True)
    free = (true[row] == 0) & pred[row].isfinite()
    lots = torch.rand(free.shape, generator=torch.Generator().manual_seed(0)).to(pred.device)
    other = (lots * free).argmax(dim=1)
    return bpr_loss(pred[row, column], pred[row, other]), pred


def ranking_metric(name: str) -> Callable[[Sequence[torch.Tensor], Sequence[torch.Tensor], str], float]:
    """A metric of `METRICS` at K as GraphGym asks for it: of the batches' `true` and `pred`, over all their rows."""

    def metric(true: Sequence[torch.Tensor], pred: Sequence[torch.Tensor], task_type: str) -> float:  # noqa: ARG001
        values = [_values(name, wanted.numpy(), scores.numpy()) for wanted, scores in zip(true, pred, strict=True)]
        return round(float(np.concatenate(values).mean()), 4)

    return metric


def _values(name: str, wanted: Floats, scores: Floats) -> NDArray[np.float64]:
    lists = top_k(scores, K)
    hits = (lists >= 0) & (np.take_along_axis(wanted, np.maximum(lists, 0).astype(np.int64), axis=1) > 0)
    return METRICS[name](hits, wanted.sum(axis=1).astype(np.int64), K)


for _name in METRICS:
    register_metric(f"{_name}_at_{K}", ranking_metric(_name))
