"""The textbook program's evaluator: all layers anew for each 100 users, torch.topk, Python loops over users."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.peers.textbook_model import TextbookLightGCN

__all__ = ["USERS_A_BATCH", "evaluate"]

USERS_A_BATCH = 100
MASKED = -(1 << 10)


@torch.no_grad()
def evaluate(
    model: TextbookLightGCN,
    known: list[NDArray[np.int64]],
    test: dict[int, list[int]],
    k: int,
) -> dict[str, float]:
    """Recall, precision and NDCG at k, means over the users of `test`.

    Args:
        model: gives the scores; its layers are computed for each batch of users, as the textbook program does.
        known: items masked, by user.
        test: items to be found, by user; none of the lists is empty.
        k: length of the lists.
    """
    users = list(test)
    sums = np.zeros(3)
    for begin in range(0, len(users), USERS_A_BATCH):
        batch = users[begin : begin + USERS_A_BATCH]
        e_users, e_items = model()
        scores = torch.sigmoid(torch.matmul(e_users[torch.tensor(batch)], e_items.t()))
        rows: list[int] = []
        columns: list[int] = []
        for row, user in enumerate(batch):
            rows.extend([row] * len(known[user]))
            columns.extend(known[user])
        scores[rows, columns] = MASKED
        _, lists = torch.topk(scores, k=k)
        sums += _metrics(lists.numpy(), [test[user] for user in batch], k)
    recall, precision, ndcg = sums / len(users)
    return {f"recall@{k}": recall, f"precision@{k}": precision, f"ndcg@{k}": ndcg}


def _metrics(lists: NDArray[np.int64], wanted: list[list[int]], k: int) -> NDArray[np.float64]:
    """Sums over users of recall, precision and NDCG, float64 [3]."""
    hits = np.array([[item in mine for item in row] for row, mine in zip(lists, wanted, strict=True)], float)
    found = hits.sum(axis=1)
    total = np.array([len(mine) for mine in wanted])
    ideal = np.zeros_like(hits)
    for row, mine in enumerate(wanted):
        ideal[row, : min(k, len(mine))] = 1
    discount = 1 / np.log2(np.arange(2, k + 2))
    ndcg = (hits * discount).sum(axis=1) / (ideal * discount).sum(axis=1)
    return np.array([(found / total).sum(), (found / k).sum(), ndcg.sum()])
