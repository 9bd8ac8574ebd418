"""What every model of this room is: typed hyperparameters, `fit`, `rank`, and learned arrays that can be saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from tastegraph.baselines.search_space import SearchRange
    from tastegraph.data.interactions import Interactions
    from tastegraph.graph.neighbours import NeighbourLists

__all__ = ["Baseline"]


class Baseline(Protocol):
    """A model to beat.

    Attributes:
        name: short name, lower case, for commands and files.
        title: name for tables.
        SEARCH: what tuning may try, by hyperparameter.
        LEARNED: names of the attributes that `fit` sets beside the two counts: dense arrays or sparse rows.
        config: the hyperparameters, of the model's own class Config: their ranges and defaults, a frozen pydantic model
            that refuses unknown keys.
        num_users, num_items: counts of the fit part's vocabularies, after `fit`.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    SEARCH: ClassVar[Mapping[str, SearchRange]]
    LEARNED: ClassVar[tuple[str, ...]]
    config: Any  # each model's own Config
    num_users: int
    num_items: int

    def __init__(self, **hyperparameters: Any) -> None:
        """Take hyperparameters only; raises ModelError for an unknown one or a value out of range."""

    def fit(self, interactions: Interactions) -> Self:
        """Learn from the fit part, afresh; every pair is a positive. Raises ModelError where it is empty."""

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user, best first, none of its list in `exclude`; int32 [n, k], -1 for none."""

    def bytes_needed(self, num_users: int, num_items: int, num_pairs: int) -> int:
        """About how much memory `fit` takes at its peak, in bytes."""
