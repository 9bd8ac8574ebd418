"""Why an item scores as it does for a person: exact shares of the score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.saved_model import SavedModel
    from tastegraph.serving.person import Person

__all__ = ["Because", "Share", "film_shares", "other_shares"]


@dataclass(slots=True)  # frozen, it takes five times as long to make, and a list of a thousand films has ten thousand
class Share:
    """What one known film adds to a score.

    Attributes:
        item: its id in the source.
        called: its title and year, or its id.
        score: its part of y_ui; below 0 where it speaks against the item.
        disliked: whether the person has disliked it; the share is that of an edge of weight below 0.
    """

    item: int | str
    called: str
    score: float
    disliked: bool = False


@dataclass(frozen=True)
class Because:
    """Shares of a score: `films`, `own`, `refinement` and `popularity` add up to it.

    Attributes:
        films: of each liked (or disliked) film, the largest first.
        own: of the user's own E0, what no film carries; 0 for a new person.
        refinement: of what a refinement adds to the vector; 0 without one.
        popularity: of the popularity prior, 0 where the model has none.
    """

    films: tuple[Share, ...]
    own: float
    refinement: float
    popularity: float


def film_shares(model: SavedModel, person: Person, items: NDArray[np.integer]) -> NDArray[np.float64]:
    r"""p_ui f_i . e_j / length of each of a person's films i, for several items j: float64 [items, films].

    The score is a sum over the paths of up to K steps that join the person to the item. With
    e_u = own + sum of p_ui f_i, the paths whose first step goes to film i add up to this.
    """
    e = model.e_items[items, : model.width].astype(np.float64)
    shares: NDArray[np.float64] = e @ model.folding.items[person.films].T * (person.weights / person.length)
    return shares


def other_shares(model: SavedModel, person: Person, item: int) -> tuple[float, float, float]:
    """What is left of the score: the own part, the refinement, and the popularity prior."""
    row = model.e_items[item]
    own, refinement = np.stack([person.own, person.refinement]).astype(np.float64) @ row[: model.width] / person.length
    return float(own), float(refinement), float(row[model.width :].sum())
