"""Full ranking of all of Gowalla's test users: lists of 20 with metrics, against the matrix products alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from benchmarks import ours
from benchmarks.measurement import at_most, interleave, seconds_of, timed
from benchmarks.peers.textbook_data import positives_of
from benchmarks.peers.textbook_evaluator import USERS_A_BATCH, evaluate
from benchmarks.peers.textbook_graph import normalised_coo
from benchmarks.peers.textbook_model import TextbookLightGCN
from benchmarks.record import Measured, Target, rows_of
from benchmarks.workloads import workloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.measurement import Sampler
    from benchmarks.settings import Settings
    from benchmarks.workloads import Workload

OURS, PRODUCTS, TEXTBOOK = "ours", "matrix products alone", "textbook evaluator"
SCORES = 1 << 22  # scores of a block of the products alone: 16 MB, written again and again
SLOW_ROUNDS = 2
SOME_BATCHES = 10
BOUND = 2.0


def run(settings: Settings) -> Measured:
    """Measure on Gowalla with embeddings of two layers of noise: times do not depend on what they mean."""
    (work,) = workloads(settings, "gowalla")
    graph = work.graph
    model = TextbookLightGCN(
        normalised_coo(positives_of(graph.items_of), graph.num_items), graph.num_users, ours.DIMENSIONS, ours.LAYERS
    )
    with torch.no_grad():
        e_users, e_items = (part.numpy() for part in model())
    users = work.test.users
    judged = len(users) if settings.full or settings.quick else SOME_BATCHES * USERS_A_BATCH
    _check_metrics(work, model, (e_users, e_items))
    samplers: dict[str, Sampler] = {
        OURS: timed(lambda: ours.judge(work, (e_users, e_items))),
        PRODUCTS: timed(_products(e_users[users], e_items)),
        TEXTBOOK: at_most(SLOW_ROUNDS, _textbook(work, model, users[:judged])),
    }
    samples = interleave(samplers, settings.rounds)
    measured = Measured(
        rows=tuple(rows_of(work.name, samples, ours=OURS, unit="s")),
        workloads={work.name: {**work.sizes, "test users": len(users)}},
        notes=(
            (
                f"The textbook evaluator judged {judged} of {len(users)} users, scaled; it propagates anew for each "
                f"{USERS_A_BATCH} users, as the authors' program does."
            ),
        ),
    )
    ratio = measured.median_of(work.name, OURS) / measured.median_of(work.name, PRODUCTS)
    target = Target(what="times the matrix products alone", comparison="<=", bound=BOUND, measured=ratio)
    return measured.model_copy(update={"targets": (target,)})


def _products(e_users: np.ndarray, e_items: np.ndarray) -> Callable[[], None]:
    """All scores, a block of users at a time, into one buffer."""
    left, right = torch.from_numpy(e_users), torch.from_numpy(e_items).t()
    rows = max(1, SCORES // right.shape[1])
    buffer = torch.empty(rows, right.shape[1])

    def products() -> None:
        for block in torch.split(left, rows):
            torch.mm(block, right, out=buffer[: len(block)])

    return products


def _textbook(work: Workload, model: TextbookLightGCN, users: np.ndarray) -> Sampler:
    """Seconds for all test users, from those given."""
    known, wanted = positives_of(work.known), _wanted(work, users)
    scale = len(work.test.users) / len(users)
    return lambda: [scale * seconds_of(lambda: evaluate(model, known, wanted, 20))]


def _wanted(work: Workload, users: np.ndarray) -> dict[int, list[int]]:
    lists = {int(user): work.test.lists[user].tolist() for user in users}
    return {user: items for user, items in lists.items() if items}


def _check_metrics(work: Workload, model: TextbookLightGCN, embeddings: tuple[np.ndarray, np.ndarray]) -> None:
    """Refuse to time evaluators that disagree, on the first users without cold items."""
    warm = work.test.users[work.test.total[work.test.users] == work.test.lists.counts[work.test.users]]
    some = warm[:USERS_A_BATCH]
    theirs = evaluate(model, positives_of(work.known), _wanted(work, some), 20)
    judged = ours.judge(work, embeddings)
    mine = np.isin(judged.users, some)
    for name, value in theirs.items():
        if abs(float(judged.values[name][mine].mean()) - value) > 1e-3:
            raise ArithmeticError(f"{name} differs: ours {judged.values[name][mine].mean():.4f}, textbook {value:.4f}")
