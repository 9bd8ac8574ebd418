from __future__ import annotations

import numpy as np
import polars as pl

from tastegraph.baselines.popularity import Popularity
from tastegraph.data.interactions import Interactions
from tastegraph.graph.neighbours import NeighbourLists


def test_the_most_popular_unknown_items_come_first_ties_by_lower_index() -> None:
    frame = pl.DataFrame({"user": [1, 1, 2, 2, 3, 3], "item": [10, 20, 20, 30, 20, 40]})
    interactions, _ = Interactions.from_frame(frame)
    known = NeighbourLists.from_pairs(interactions.user, interactions.item, 3, 4)
    popularity = Popularity().fit(interactions)
    assert popularity.count.tolist() == [1, 3, 1, 1]
    assert popularity.rank(np.array([0, 1, 2]), 3, known).tolist() == [[2, 3, -1], [0, 3, -1], [0, 2, -1]]
    assert popularity.rank(np.array([2]), 2, None).tolist() == [[1, 0]]
