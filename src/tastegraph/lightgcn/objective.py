"""Losses: pure functions of scores and embedding rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn.functional import softplus

if TYPE_CHECKING:
    import torch

__all__ = ["bpr_loss", "l2_penalty"]


def bpr_loss(positive: torch.Tensor, negative: torch.Tensor) -> torch.Tensor:
    r"""Bayesian personalised ranking: the mean of -ln sigmoid(y_ui - y_uj).

    Rendle et al. 2009 (arXiv 1205.2618); He et al. 2020, equation 15, without its regularisation.

    Args:
        positive: y_ui of each observed pair, float [n].
        negative: y_uj of an unobserved item of the same user, float [n].

    Returns:
        A scalar. It is computed as softplus(y_uj - y_ui), which neither overflows nor loses small values.
    """
    return softplus(negative - positive).mean()


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
    return squares.sum() / (2 * batch_size)
