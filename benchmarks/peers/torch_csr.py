"""LightGCN on a torch CSR matrix: with autograd's own backward, and with the backward that a symmetric P allows."""

from __future__ import annotations

from typing import Any

import torch

__all__ = ["SymmetricProduct", "mean_of_layers", "to_csr"]


def to_csr(p: torch.Tensor) -> torch.Tensor:
    """A COO matrix in compressed rows, with 32-bit indices, which its product runs fastest with."""
    csr = p.to_sparse_csr()
    start, index = csr.crow_indices().int(), csr.col_indices().int()
    return torch.sparse_csr_tensor(start, index, csr.values(), csr.shape)


class SymmetricProduct(torch.autograd.Function):
    """P x whose gradient is P g: right because P is symmetric, and free of the transposition autograd would make."""

    @staticmethod
    def forward(ctx: Any, p: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """P x."""
        ctx.p = p
        return p @ x

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[None, torch.Tensor]:
        """P g."""
        return None, ctx.p @ gradients[0]


def mean_of_layers(p: torch.Tensor, x: torch.Tensor, layers: int, *, symmetric: bool) -> torch.Tensor:
    """(x + P x + ... + P^K x) / (K + 1) for any torch matrix p; `symmetric` chooses the backward."""
    total = x
    for _ in range(layers):
        x = SymmetricProduct.apply(p, x) if symmetric else p @ x  # type: ignore[no-untyped-call]
        total = total + x
    return total / (layers + 1)
