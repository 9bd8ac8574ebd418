"""Losses: pure functions of scores, each with a line in `choices.OBJECTIVES`; and the penalty, which all share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import softplus

from tastegraph.errors import ModelError
from tastegraph.graph.ordered_sum import ordered_sum
from tastegraph.lightgcn.choices import OBJECTIVES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tastegraph.lightgcn.choices import Over

__all__ = ["bpr_loss", "by_pieces", "l2_penalty", "loss_of", "sampled_softmax_loss"]

PIECE = 1 << 14  # numbers; from twice as many on torch takes several threads


def bpr_loss(positive: torch.Tensor, negative: torch.Tensor) -> torch.Tensor:
    r"""Bayesian personalised ranking: the mean of -ln sigmoid(y_ui - y_uj).

    Rendle et al. 2009 (arXiv 1205.2618); He et al. 2020, equation 15, without its regularisation.

    Args:
        positive: y_ui of each observed pair, float [n].
        negative: y_uj of an unobserved item of the same user, float [n].

    Returns:
        A scalar. It is computed as softplus(y_uj - y_ui), which neither overflows nor loses small values.
    """
    return ordered_sum(by_pieces(softplus, negative - positive)) / len(positive)


def sampled_softmax_loss(
    positive: torch.Tensor, negative: torch.Tensor, row: torch.Tensor, weight: torch.Tensor | None = None
) -> torch.Tensor:
    r"""Sampled softmax: the mean over positives of -ln( exp s_ui / (exp s_ui + sum over j of exp s_uj) ).

    Also InfoNCE over items, where s is a cosine by a temperature: van den Oord et al. 2018 (arXiv 1807.03748), for
    recommenders Wu et al. 2022 (arXiv 2201.02327). The sum over negatives is the user's, shared by all its positives,
    so a batch costs what its users cost. With c ln(popularity) taken from every score, c = 1, and negatives drawn by
    popularity it is Bengio and Senécal's estimate of the full softmax.

    Args:
        positive: s_ui of each positive, float [n].
        negative: s_uj of each user of the batch and each of its negatives, float [users, N]; -1e30 for what is none.
        row: the user, as a row of `negative`, of each positive, int64 [n].
        weight: of each positive in the mean, float [n]; 1 by default.

    Returns:
        A scalar. It is computed as softplus(ln sum_j exp s_uj - s_ui), where no exponential overflows.
    """
    log_sum = torch.logsumexp(negative, dim=1)
    losses = by_pieces(softplus, log_sum.index_select(0, row) - positive)
    if weight is None:
        return ordered_sum(losses) / len(losses)
    return ordered_sum(weight * losses) / ordered_sum(weight)


def by_pieces(function: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """A function of each number, such as `softplus`, float [n] -> float [n], in pieces that one thread takes each.

    Torch rounds the ends of a thread's part of a longer vector otherwise than its middle, so that the last bits would
    change with the number of threads.
    """
    return torch.cat([function(piece) for piece in torch.split(x, PIECE)])


def l2_penalty(squares: torch.Tensor, *, batch_size: int) -> torch.Tensor:
    r"""The regularisation term R of TasteGraph's loss, mean BPR + lambda R.

    R = 1/(2 B) x the sum of `squares`, with B the batch size: equation 15's ||E0||^2 with the constant of the authors'
    code (half the squared norm, divided by the batch size). Hand in the squared norms of E0's rows of the batch's
    users, positive and negative items (as the authors do; a row that occurs twice counts twice), or all of E0's
    squares.

    Args:
        squares: squared norms of rows of E0, or squares of its numbers; float, of any shape.
        batch_size: B.

    Returns:
        A scalar.
    """
    return ordered_sum(squares) / (2 * batch_size)


def loss_of(objective: str, over: Over) -> Callable[..., torch.Tensor]:
    """The loss of an objective, by its name in `OBJECTIVES`, for batches of pairs or of users.

    Raises:
        ModelError: it is over the other.
    """
    known = OBJECTIVES[objective]
    if known.over != over:
        raise ModelError(f'objective "{objective}" learns from batches of {known.over}, not of {over}')
    loss: Callable[..., torch.Tensor] = globals()[known.loss]
    return loss
