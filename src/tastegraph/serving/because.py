"""Why an item scores as it does for a person: exact shares of the score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.saved_model import SavedModel
    from tastegraph.serving.names import ItemNames
    from tastegraph.serving.person import Person

__all__ = ["Because", "Share", "because_of", "film_shares"]


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


def because_of(model: SavedModel, names: ItemNames, person: Person, items: NDArray[np.integer]) -> list[Because]:
    """Why each of some items scores as it does for a person.

    Args:
        model: whose items.
        names: what they are called.
        person: as the model sees her.
        items: indices, [n].
    """
    ids = model.items.ids.gather(person.films).to_list()
    called = [names.called(film) for film in person.films.tolist()]
    shares = film_shares(model, person, items)
    largest_first = np.argsort(-shares, axis=1, kind="stable")
    scores = np.take_along_axis(shares, largest_first, axis=1).tolist()
    disliked = (person.weights < 0).tolist()
    reasons = []
    for item, films, theirs in zip(items.tolist(), largest_first.tolist(), scores, strict=True):
        named = [
            Share(ids[film], called[film], score, disliked[film]) for film, score in zip(films, theirs, strict=True)
        ]
        reasons.append(Because(tuple(named), *_other_shares(model, person, item)))
    return reasons


def film_shares(model: SavedModel, person: Person, items: NDArray[np.integer]) -> NDArray[np.float64]:
    r"""p_ui f_i . e_j / length of each of a person's films i, for several items j: float64 [items, films].

    The score is a sum over the paths of up to K steps that join the person to the item. With
    e_u = own + sum of p_ui f_i, the paths whose first step goes to film i add up to this.
    """
    e = model.e_items[items, : model.width].astype(np.float64)
    shares: NDArray[np.float64] = e @ model.folding.items[person.films].T * (person.weights / person.length)
    return shares


def _other_shares(model: SavedModel, person: Person, item: int) -> tuple[float, float, float]:
    """What is left of the score: the own part, the refinement, and the popularity prior."""
    row = model.e_items[item]
    own, refinement = np.stack([person.own, person.refinement]).astype(np.float64) @ row[: model.width] / person.length
    return float(own), float(refinement), float(row[model.width :].sum())
