"""One run: pairs drawn, a model trained, its epoch chosen on validation, test scored once a protocol."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tastegraph.baselines.parafac import PARAFAC
from tastegraph.data.interactions import Interactions
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.lightgcn.model import LightGCN
from tastegraph.lightgcn.pair_batches import GivenPairs
from tastegraph.lightgcn.ranking import InnerProduct
from tastegraph.lightgcn.start import start_embeddings
from tastegraph.lightgcn.training import train
from tastegraph.ranking.full_ranking import FULL_RANKING
from tastegraph.ranking.other_protocols import TUTORIAL
from tastegraph.studies.tutorial.judging import SELECT, SPLITS, Judge, K, rounded
from tastegraph.studies.tutorial.pairs import draw_pairs
from tastegraph.studies.tutorial.readings import RankedBySigmoid, above_threshold, against
from tastegraph.studies.tutorial.settings import shape_and_training

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tastegraph.graph.neighbours import NeighbourLists
    from tastegraph.lightgcn.config import ModelConfig
    from tastegraph.lightgcn.ranking import Embeddings
    from tastegraph.lightgcn.training import Trained
    from tastegraph.studies.tutorial.pairs import Drawn
    from tastegraph.studies.tutorial.ratings import FilmRatings
    from tastegraph.studies.tutorial.settings import Setting

__all__ = ["run"]

ENOUGH = 100_000  # pairs a user that no like of the training part stays out of


def run(setting: Setting, seed: int, ratings: FilmRatings) -> dict[str, Any]:
    """Train and judge a setting.

    Args:
        setting: what to run.
        seed: of the split, the pairs, E0 and the order of pairs.
        ratings: of the setting's users.

    Returns:
        "protocols": of each protocol the epoch chosen by it, its validation and test figures; "readings" of the epoch
        that `tutorial` chose; "last", figures of the last epoch; "epochs", the curve; "seconds"; "edges".
    """
    drawn = _drawn(setting, seed, ratings)
    judge = Judge(ratings, drawn)
    began = time.perf_counter()
    found = _parafac(setting, seed, ratings, judge) if setting.model == "parafac" else _lightgcn(setting, seed, judge)
    figures: dict[str, Any] = rounded(
        {"edges": len(drawn.edges.index), "pairs": len(drawn.training.user), "seconds": time.perf_counter() - began}
        | found
    )
    return figures


def _drawn(setting: Setting, seed: int, ratings: FilmRatings) -> Drawn:
    n = setting.num_samples
    most = int(ratings.likes.counts.max())
    return draw_pairs(
        ratings.likes,
        ratings.dislikes,
        min(ENOUGH, 2 * most) if n is None else n,
        draw=setting.draw,
        negatives="no-edge" if setting.negatives == "fresh" else setting.negatives,
        seed=seed,
    )


@dataclass
class _Watched:
    """Judges each validated epoch and keeps what each protocol would choose."""

    judge: Judge
    curve: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, tuple[float, Mapping[str, float], Embeddings]] = field(default_factory=dict)
    latest: Embeddings | None = None

    def __call__(self, embeddings: Embeddings) -> Mapping[str, float]:
        figures = self.judge.validation(InnerProduct(embeddings))
        for protocol, name in SELECT.items():
            value = figures[protocol][name]
            if protocol not in self.best or value > self.best[protocol][0]:
                self.best[protocol] = value, figures[protocol], embeddings
        self.latest = embeddings
        return {f"{protocol} {name}": value for protocol, some in figures.items() for name, value in some.items()}


def _lightgcn(setting: Setting, seed: int, judge: Judge) -> dict[str, Any]:
    drawn = judge.drawn
    graph = BipartiteGraph(drawn.edges, drawn.edges.transposed())
    shape, training = shape_and_training(setting, graph.num_users, seed)
    pairs = tuple(torch.from_numpy(side) for side in (drawn.training.user, drawn.training.liked, drawn.training.other))
    given = setting.model == "lightgcn" and setting.negatives != "fresh"
    watched = _Watched(judge)
    select = f"{TUTORIAL} {SELECT[TUTORIAL]}"
    batches = GivenPairs(graph, training, (pairs[0], pairs[1], pairs[2])) if given else None
    trained = train(graph, shape, training, batches=batches, validate=watched, select=select)
    assert watched.latest is not None  # noqa: S101 (the last epoch is validated)
    latest = watched.latest
    return {
        "untrained": _untrained(graph, shape, seed, judge),
        "protocols": {protocol: _chosen(protocol, watched, trained, judge) for protocol in SELECT},
        "readings": _readings(trained, judge) | ({} if setting.model == "ours" else _of_graphs(trained, judge)),
        "last": {
            "by score": judge.test(InnerProduct(latest), TUTORIAL),
            "by sigmoid": judge.test(RankedBySigmoid(latest), TUTORIAL),
            "spread": float(np.std(latest[0] @ latest[1].T)),
        },
        "alpha": trained.model.alpha.tolist(),
        "epochs": [
            {"epoch": e.epoch, "seconds": e.seconds, "loss": e.loss, **e.validation}
            for e in trained.epochs
            if e.validation
        ],
    }


def _untrained(graph: BipartiteGraph, shape: ModelConfig, seed: int, judge: Judge) -> dict[str, Any]:
    """Figures of a random E0 that was propagated and never trained."""
    start = start_embeddings(graph, shape, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        e_users, e_films = LightGCN(graph.num_users, graph.num_items, **shape.size, start=start)(graph)
    ranker = InnerProduct((e_users.numpy(), e_films.numpy()))
    return {protocol: judge.test(ranker, protocol) for protocol in SELECT}


def _chosen(protocol: str, watched: _Watched, trained: Trained, judge: Judge) -> dict[str, Any]:
    value, validation, embeddings = watched.best[protocol]
    name = f"{protocol} {SELECT[protocol]}"
    epoch = next(e.epoch for e in trained.epochs if e.validation and e.validation[name] == value)
    return {
        "epoch": epoch,
        "validation": dict(validation),
        "test": judge.test(InnerProduct(embeddings), protocol),
    }


def _readings(trained: Trained, judge: Judge) -> dict[str, Any]:
    ranker, likes = InnerProduct(trained.embeddings), judge.ratings.likes
    return {
        "own likes": judge.own_likes(ranker),
        "threshold": dict(above_threshold(ranker, trained.embeddings, likes, K)),
    }


def _of_graphs(trained: Trained, judge: Judge) -> dict[str, Any]:
    """Lists of each split from propagating over that split's likes, and from propagating over all likes."""
    graphs = dict(zip(SPLITS, judge.drawn.parts, strict=True)) | {"all likes": judge.ratings.likes}
    return {"own graph": {name: _over(trained, lists, judge) for name, lists in graphs.items()}}


def _over(trained: Trained, lists: NeighbourLists, judge: Judge) -> dict[str, float]:
    with torch.no_grad():
        e_users, e_films = trained.model(BipartiteGraph(lists, lists.transposed()))
    return dict(against(InnerProduct((e_users.numpy(), e_films.numpy())), judge.ratings.likes, None, K))


def _parafac(setting: Setting, seed: int, ratings: FilmRatings, judge: Judge) -> dict[str, Any]:
    edges = judge.drawn.edges
    user, film = edges.pairs_of(np.arange(edges.num_rows))
    seen = Interactions(user.astype(np.int32), film.astype(np.int32), None, None, ratings.users, ratings.films)
    fitted = PARAFAC(factors=setting.rank, seed=seed).fit(seen)
    validation = judge.validation(fitted)
    protocols = {
        name: {"epoch": None, "validation": dict(validation[name]), "test": judge.test(fitted, name)}
        for name in (TUTORIAL, FULL_RANKING)
    }
    return {"protocols": protocols, "readings": {"own likes": judge.own_likes(fitted)}, "last": {}, "epochs": []}
