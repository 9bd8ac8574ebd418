"""Every accuracy metric against those of two independent libraries that have it, to 1e-9, list by list.

ir-measures calls trec_eval's C code; PyTorch Geometric computes on tensors. What they define otherwise is said here:
trec_eval divides average precision by |T|, and we by min(K, |T|); all else is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ir_measures
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_measures import AP, RR, P, R, Success, nDCG
from torch_geometric.metrics import (
    LinkPredHitRatio,
    LinkPredMAP,
    LinkPredMRR,
    LinkPredNDCG,
    LinkPredPrecision,
    LinkPredRecall,
)
from torch_geometric.metrics.link_pred import LinkPredMetricData

from tastegraph.ranking.full_ranking import Relevant, judge
from tastegraph.ranking.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ITEMS = 60
EXACT = 1e-9
OF_IR = {"recall": R, "precision": P, "hit": Success, "ndcg": nDCG, "mrr": RR, "map": AP}
OF_PYG = {
    "recall": LinkPredRecall, "precision": LinkPredPrecision, "hit": LinkPredHitRatio,
    "ndcg": LinkPredNDCG, "mrr": LinkPredMRR, "map": LinkPredMAP,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    """PyTorch Geometric computes in the default type."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def _ours(lists: Sequence[Sequence[int]], truth: Sequence[Sequence[int]], k: Sequence[int]) -> dict[str, np.ndarray]:
    places = max(1, *map(len, lists))
    table = np.array([[*own, *[-1] * (places - len(own))] for own in lists], np.int32)
    user = np.repeat(np.arange(len(truth)), [len(own) for own in truth])
    relevant = Relevant.from_pairs(user, np.concatenate([np.array(own) for own in truth]), len(truth), ITEMS)
    return judge(table, np.arange(len(truth)), relevant, k)


def _irs(lists: Sequence[Sequence[int]], truth: Sequence[Sequence[int]], k: Sequence[int]) -> dict[str, np.ndarray]:
    qrels = [ir_measures.Qrel(str(u), str(i), 1) for u, own in enumerate(truth) for i in own]
    run = [ir_measures.ScoredDoc(str(u), str(i), -float(at)) for u, own in enumerate(lists) for at, i in enumerate(own)]
    asked = {measure @ length: f"{name}@{length}" for name, measure in OF_IR.items() for length in k}
    found = {name: np.zeros(len(lists)) for name in asked.values()}  # trec_eval says nothing of an empty list
    for value in ir_measures.iter_calc(list(asked), qrels, run):
        found[asked[value.measure]][int(value.query_id)] = value.value
    size = np.array([len(own) for own in truth])
    for length in k:
        found[f"map@{length}"] *= size / np.minimum(size, length)
    return found


def _pygs(lists: Sequence[Sequence[int]], truth: Sequence[Sequence[int]], k: Sequence[int]) -> dict[str, np.ndarray]:
    nothing = ITEMS  # an item that is nobody's, where a list ends early
    table = torch.tensor([[*own, *[nothing] * max(k)][: max(k)] for own in lists])
    edges = torch.tensor([[u, i] for u, own in enumerate(truth) for i in own]).T
    return {
        f"{name}@{length}": peer(length)._compute(LinkPredMetricData(table[:, :length], edges)).numpy()
        for name, peer in OF_PYG.items()
        for length in k
    }


def _agree(lists: Sequence[Sequence[int]], truth: Sequence[Sequence[int]], k: Sequence[int]) -> None:
    ours = _ours(lists, truth, k)
    for peer in (_irs, _pygs):
        for name, values in peer(lists, truth, k).items():
            np.testing.assert_allclose(ours[name], values, rtol=0, atol=EXACT, err_msg=f"{peer.__name__} {name}")


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_has_a_peer(name: str) -> None:
    """Which has none, pytest says by its skips: of that one only the values by hand in test_metrics.py speak."""
    if name not in OF_IR | OF_PYG:
        pytest.skip(f"neither trec_eval nor PyTorch Geometric has {name}")


def test_many_users_with_few_and_many_items_to_find_and_lists_cut_short() -> None:
    rng = np.random.default_rng(0)
    lists = [rng.permutation(ITEMS)[: rng.integers(0, 51)].tolist() for _ in range(400)]
    truth = [rng.permutation(ITEMS)[: rng.integers(1, 60)].tolist() for _ in range(400)]
    sizes = np.array([len(own) for own in truth])
    assert (sizes < 5).any()  # |T| < K for every K
    assert (sizes > 50).any()  # |T| > K for every K
    _agree(lists, truth, (1, 5, 10, 20, 50))


ids = st.integers(0, ITEMS - 1)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.lists(ids, max_size=12, unique=True), st.lists(ids, min_size=1, max_size=15, unique=True)),
        min_size=1, max_size=5,
    ),
    st.integers(1, 13),
)  # fmt: skip
def test_any_lists(users: list[tuple[list[int], list[int]]], k: int) -> None:
    _agree([own for own, _ in users], [wanted for _, wanted in users], (k,))
