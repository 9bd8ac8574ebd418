"""Made data of two tastes, small enough for dense formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from tastegraph.data.interactions import Interactions
from tastegraph.graph.neighbours import NeighbourLists

if TYPE_CHECKING:
    from numpy.typing import NDArray

NUM_USERS, NUM_ITEMS, EMPTY_USER = 60, 40, 59


@pytest.fixture(scope="session")
def two_tastes() -> Interactions:
    """60 users, 40 items: user u likes 10 of the 20 items of its taste, u mod 2, and 2 others; user 59 likes none."""
    rng = np.random.default_rng(7)
    rows = [
        (user, int(item) + 20 * ((user + other) % 2))
        for user in range(NUM_USERS)
        for other, number in ((0, 10), (1, 2))
        for item in rng.choice(20, number, replace=False)
    ]
    interactions, _ = Interactions.from_frame(pl.DataFrame(rows, schema=["user", "item"], orient="row"))
    assert (len(interactions.users), len(interactions.items)) == (NUM_USERS, NUM_ITEMS)
    return interactions.where(interactions.user != EMPTY_USER)


@pytest.fixture(scope="session")
def known(two_tastes: Interactions) -> NeighbourLists:
    """The positives of `two_tastes` by user."""
    return NeighbourLists.from_pairs(two_tastes.user, two_tastes.item, NUM_USERS, NUM_ITEMS)


@pytest.fixture(scope="session")
def dense(two_tastes: Interactions) -> NDArray[np.float64]:
    """R of `two_tastes`, dense."""
    r = np.zeros((NUM_USERS, NUM_ITEMS))
    r[two_tastes.user, two_tastes.item] = 1
    return r
