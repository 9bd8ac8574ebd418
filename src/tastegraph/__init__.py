"""TasteGraph: from a ratings file to an honestly evaluated LightGCN recommender and a Guess You Love list.

The names below are the public interface; each is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tastegraph.baselines.popularity import Popularity
    from tastegraph.data.cleaning import CleaningConfig
    from tastegraph.data.dataset import Dataset
    from tastegraph.data.load import load
    from tastegraph.data.options import ReadOptions
    from tastegraph.data.splits import SplitConfig
    from tastegraph.errors import TasteGraphError
    from tastegraph.graph.bipartite import BipartiteGraph
    from tastegraph.lightgcn.conv import LightGCNConv
    from tastegraph.lightgcn.model import LightGCN
    from tastegraph.lightgcn.training import train
    from tastegraph.ranking.full_ranking import full_ranking
    from tastegraph.serving.recommender import Recommender
    from tastegraph.studies.recipe import Recipe

__version__ = "0.1.0.dev0"

__all__ = [
    "BipartiteGraph",
    "CleaningConfig",
    "Dataset",
    "LightGCN",
    "LightGCNConv",
    "Popularity",
    "ReadOptions",
    "Recipe",
    "Recommender",
    "SplitConfig",
    "TasteGraphError",
    "full_ranking",
    "load",
    "train",
]

_HOMES = {
    "BipartiteGraph": "graph.bipartite",
    "CleaningConfig": "data.cleaning",
    "Dataset": "data.dataset",
    "LightGCN": "lightgcn.model",
    "LightGCNConv": "lightgcn.conv",
    "Popularity": "baselines.popularity",
    "ReadOptions": "data.options",
    "Recipe": "studies.recipe",
    "Recommender": "serving.recommender",
    "SplitConfig": "data.splits",
    "TasteGraphError": "errors",
    "full_ranking": "ranking.full_ranking",
    "load": "data.load",
    "train": "lightgcn.training",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tastegraph' has no attribute {name!r}")
    return getattr(import_module(f"tastegraph.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
