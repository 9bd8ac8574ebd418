"""The textbook program's graph: P as a torch COO matrix with its normalised values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["normalised_coo", "normalised_coo_by_lists"]


def normalised_coo(positives: list[NDArray[np.int64]], num_items: int) -> torch.Tensor:
    """P, sparse COO float32 [nodes, nodes], built the short way; equal to the matrix built by `.._by_lists`."""
    r = _interactions(positives, num_items)
    return _to_torch(_normalised(sp.bmat([[None, r], [r.T, None]], format="csr")))


def normalised_coo_by_lists(positives: list[NDArray[np.int64]], num_items: int) -> torch.Tensor:
    """P built as the textbook program builds it: blocks assigned into a list-of-lists matrix, then a dictionary."""
    num_users = len(positives)
    r = _interactions(positives, num_items).tolil()
    a = sp.dok_matrix((num_users + num_items,) * 2, dtype=np.float32).tolil()
    a[:num_users, num_users:] = r
    a[num_users:, :num_users] = r.T
    return _to_torch(_normalised(a.todok()))


def _interactions(positives: list[NDArray[np.int64]], num_items: int) -> sp.csr_matrix:
    """R, users x items, a 1 for each positive."""
    item = np.concatenate(positives)
    user = np.repeat(np.arange(len(positives)), [len(items) for items in positives])
    return sp.csr_matrix((np.ones(len(item), np.float32), (user, item)), shape=(len(positives), num_items))


def _normalised(a: sp.spmatrix) -> sp.csr_matrix:
    """D^-1/2 A D^-1/2, with 0 in place of the infinite weight of a node without neighbours."""
    degree = np.asarray(a.sum(axis=1)).ravel()
    with np.errstate(divide="ignore"):
        weight = np.power(degree, -0.5)
    weight[np.isinf(weight)] = 0.0
    d = sp.diags(weight)
    return d.dot(a).dot(d).tocsr()


def _to_torch(p: sp.csr_matrix) -> torch.Tensor:
    coo = p.tocoo().astype(np.float32)
    index = torch.from_numpy(np.stack([coo.row, coo.col]).astype(np.int64))
    return torch.sparse_coo_tensor(index, torch.from_numpy(coo.data), coo.shape).coalesce()
