"""What is measured on: known data sets as the literature splits them, and synthetic graphs of any size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tastegraph.data.load import load
from tastegraph.data.splits import SplitConfig
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.ranking.full_ranking import Relevant
from tastegraph.studies.trial import Trial

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.settings import Settings
    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["Workload", "power_law_pairs", "workload", "workloads"]

QUICK = "quick"
QUICK_EDGES = 20_000
HELD_OUT = 0.2
THRESHOLD = 3.0  # a rating from here on is a positive
# Users and items per edge of a synthetic graph, and how uneven both sides are (density of a rank r: r^-SKEW).
EDGES_A_USER, EDGES_AN_ITEM = 60, 120
SKEW = 0.5


@dataclass(frozen=True, eq=False)
class Workload:
    """A graph to learn from and the test pairs to judge by.

    Attributes:
        name: of the data set.
        graph: the pairs learned from.
        test: what is to be found.
        known: what a list must not hold.
    """

    name: str
    graph: BipartiteGraph
    test: Relevant
    known: NeighbourLists

    @property
    def sizes(self) -> dict[str, int]:
        """Counts, for the record."""
        graph = self.graph
        return {"users": graph.num_users, "items": graph.num_items, "edges": graph.num_edges}


def workloads(settings: Settings, *names: str) -> list[Workload]:
    """The named data sets, or the small synthetic one instead of all of them where the run is to be quick."""
    return [workload(name) for name in ((QUICK,) if settings.quick else names)]


def workload(name: str) -> Workload:
    """A known data set ("gowalla": all of its published train part; "ml-1m": 8:1:1 of ratings >= 3), or "quick"."""
    if name == QUICK:
        return _synthetic()
    data = load(name)
    split = data.split(THRESHOLD, SplitConfig())
    trial = Trial(split, refits=data.published_test is not None).final
    return Workload(name, trial.graph, trial.test, trial.known)


def power_law_pairs(edges: int, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64], int, int]:
    """About `edges` pairs between sides of power-law degrees: (user, item, number of users, number of items).

    A pair may be drawn twice; the graph keeps it once, so it has somewhat fewer edges than asked for.
    """
    rng = np.random.default_rng(seed)
    num_users, num_items = max(2, edges // EDGES_A_USER), max(2, edges // EDGES_AN_ITEM)
    user, item = (_power_law(rng, edges, size) for size in (num_users, num_items))
    return user, item, num_users, num_items


def _power_law(rng: np.random.Generator, draws: int, size: int) -> NDArray[np.int64]:
    """Indices below `size`, index r drawn with a density of r^-SKEW, by its inverse distribution function."""
    return (size * rng.random(draws) ** (1 / (1 - SKEW))).astype(np.int64)


def _synthetic() -> Workload:
    user, item, num_users, num_items = power_law_pairs(QUICK_EDGES)
    pairs = np.unique(user * num_items + item)
    user, item = np.divmod(pairs, num_items)
    test = np.random.default_rng(1).random(len(pairs)) < HELD_OUT
    graph = BipartiteGraph.from_pairs(user[~test], item[~test], num_users, num_items)
    relevant = Relevant.from_pairs(user[test], item[test], num_users, num_items)
    return Workload(QUICK, graph, relevant, graph.items_of)
