"""Random: what chance alone gives."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from pydantic import BaseModel, Field

from tastegraph.baselines.history import shape_of
from tastegraph.baselines.hyperparameters import STRICT, checked
from tastegraph.baselines.lists import rank_by_score

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tastegraph.baselines.search_space import SearchRange
    from tastegraph.data.interactions import Interactions
    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["Random", "RandomConfig"]


class RandomConfig(BaseModel):
    """Hyperparameters of Random.

    Attributes:
        seed: of the orders.
    """

    model_config = STRICT

    seed: int = Field(default=0, ge=0)


class Random:
    """Ranks items in an order drawn for each user from the seed and the user's index, whoever else is asked for."""

    name: ClassVar[str] = "random"
    title: ClassVar[str] = "Random"
    Config: ClassVar[type[BaseModel]] = RandomConfig
    SEARCH: ClassVar[Mapping[str, SearchRange]] = MappingProxyType({})
    LEARNED: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **hyperparameters: Any) -> None:
        self.config = checked(self.title, RandomConfig, hyperparameters)

    def fit(self, interactions: Interactions) -> Self:
        """Note how many users and items there are. Raises ModelError where the fit part is empty."""
        self.num_users, self.num_items = shape_of(interactions)
        return self

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """`k` items of each user, int32 [n, k]; see `rank_by_score`."""
        return rank_by_score(self, self._draw, users, k, exclude)

    def bytes_needed(self, num_users: int, num_items: int, num_pairs: int) -> int:  # noqa: ARG002 (all models alike)
        """Nothing: 0 bytes."""
        return 0

    def _draw(self, users: NDArray[np.integer]) -> NDArray[np.float32]:
        draws = [
            np.random.default_rng([self.config.seed, int(user)]).random(self.num_items, np.float32) for user in users
        ]
        return np.stack(draws)
