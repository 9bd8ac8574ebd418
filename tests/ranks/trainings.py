"""Trainings of every kind on a small graph, by as many ranks as torchrun starts: `torchrun ... trainings.py OUT`."""

from __future__ import annotations

import json
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.lightgcn.config import ModelConfig, TrainingConfig
from tastegraph.lightgcn.training import train
from tastegraph.ranks.alone import ALONE

if TYPE_CHECKING:
    from tastegraph.ranks.alone import Ranks

USERS, ITEMS, WIDTH = 60, 40, 7
BPR = {"epochs": 3, "batch_size": 64, "learning_rate": 0.02}
OVER_USERS = {"epochs": 3, "batch_size": 16, "learning_rate": 0.02, "objective": "softmax"}
SOFTMAX = OVER_USERS | {"shared_negatives": 30}

KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "bpr": ({}, BPR),
    "bpr, float32": ({}, BPR | {"propagation_precision": "float32"}),
    "bpr, popular negatives": ({}, BPR | {"negatives": "popularity"}),
    "bpr, users drawn alike": ({}, BPR | {"positives": "by_user"}),
    "bpr, hardest negatives": ({}, BPR | {"negatives": "hardest", "candidates": 5}),
    "bpr, penalty on all rows": ({}, BPR | {"regularise": "all"}),
    "bpr, no penalty": ({}, BPR | {"weight_decay": 0}),
    "bpr, learned alpha": ({"alpha": "learned"}, BPR),
    "bpr, spectral start": ({"start": "spectral"}, BPR),
    "bpr, other exponents": ({"exponents": (0.4, 0.6)}, BPR),
    "matrix factorization": ({"num_layers": 0, "start": "xavier"}, BPR),
    "softmax, cosine": ({"ranking": "cosine", "popularity_prior": 0.1}, SOFTMAX),
    "softmax, inner product": ({}, SOFTMAX | {"similarity": "inner"}),
    "softmax, negatives of the batch": ({}, OVER_USERS | {"negatives": "batch", "user_exponent": 1}),
    "softmax, every item": ({}, SOFTMAX | {"shared_negatives": 400, "popularity_correction": 0.5}),
    "softmax, learned alpha": ({"alpha": "learned"}, SOFTMAX | {"regularise": "all"}),
}


def small_graph() -> BipartiteGraph:
    """60 users, 40 items, about 400 edges."""
    pairs = np.argwhere(np.random.default_rng(0).random((USERS, ITEMS)) < 1 / 6)
    return BipartiteGraph.from_pairs(pairs[:, 0], pairs[:, 1], USERS, ITEMS)


def trained(model: dict[str, Any], training: dict[str, Any], ranks: Ranks) -> dict[str, Any]:
    """Losses of all steps, embeddings and E0 of a training, with a validation that prefers the second epoch."""
    graph, losses, values = small_graph(), [], iter((0.1, 0.3, 0.2))
    config = ModelConfig.model_validate({"embedding_dim": WIDTH} | model)
    result = train(
        graph,
        config,
        TrainingConfig.model_validate(training),
        validate=lambda _: {"ndcg@10": next(values)},
        on_step=lambda _step, _steps, loss: losses.append(loss),
        ranks=ranks,
    )
    e0 = result.model.E0.detach().numpy()
    alpha = result.model.alpha.detach().numpy()
    return {
        "losses": losses,
        "embeddings": np.concatenate(result.embeddings).tolist(),
        "E0": e0.tolist(),
        "alpha": alpha.tolist(),
    }


def main(out: Path) -> None:
    """Train each kind; each rank writes what it came to into a file of its own."""
    here: Any = nullcontext(ALONE)
    if "WORLD_SIZE" in os.environ:
        from tastegraph.ranks.group import joined_group

        here = joined_group(60)
    with here as ranks:
        found = {name: trained(*kind, ranks) for name, kind in KINDS.items()}
        (out / f"{ranks.size}-{ranks.rank}.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
