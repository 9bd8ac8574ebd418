"""All baselines by name, weakest first. Importing this imports none of the libraries that some of them stand on."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from tastegraph.baselines.cheby_cf import ChebyCF
from tastegraph.baselines.ease import EASE
from tastegraph.baselines.gf_cf import GFCF
from tastegraph.baselines.implicit_als import ImplicitALS
from tastegraph.baselines.implicit_bpr import ImplicitBPR
from tastegraph.baselines.item_knn import ItemKNN
from tastegraph.baselines.parafac import PARAFAC
from tastegraph.baselines.popularity import Popularity
from tastegraph.baselines.pure_svd import PureSVD
from tastegraph.baselines.random_order import Random
from tastegraph.baselines.rp3beta import RP3beta
from tastegraph.baselines.slim import SLIM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tastegraph.baselines.protocol import Baseline

__all__ = ["BASELINES"]

_ALL: tuple[type[Baseline], ...] = (
    Random,
    Popularity,
    ItemKNN,
    RP3beta,
    ImplicitBPR,
    ImplicitALS,
    PureSVD,
    PARAFAC,
    SLIM,
    EASE,
    GFCF,
    ChebyCF,
)
BASELINES: Mapping[str, type[Baseline]] = MappingProxyType({model.name: model for model in _ALL})
