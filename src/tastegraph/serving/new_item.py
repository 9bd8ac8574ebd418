"""An item the model has not learned, folded in from a few users who like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tastegraph.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tastegraph.saved_model import SavedModel

__all__ = ["new_item"]


def new_item(model: SavedModel, likers: Sequence[int]) -> NDArray[np.float32]:
    """The row of a new item, float32 [d, or d + 1 with a prior]: its inner product with a user's row is the score.

    It is a node with E0 = 0 whose neighbours keep their layers, as a new person is (see `new_person`): the sum over its
    likers of f_u / (|N_i|^a |N_u|^b). A popularity prior counts these likers.

    Args:
        model: the saved model.
        likers: user indices, each once, at least one.

    Raises:
        RequestError: there is no liker, or nothing reaches the item.
    """
    if not likers:
        raise RequestError("a new item needs at least one user who likes it to start from")
    users = np.array(likers, np.int64)
    weights = model.folding.weights(len(users), model.fit.counts[users])
    row = weights @ model.folding.users[users]
    length = float(np.linalg.norm(row))
    if length == 0:
        raise RequestError("nothing reaches a new item through this model (it has no layers)")
    if model.ranking == "cosine":
        row = row / length
    if model.e_items.shape[1] > model.width:
        row = np.append(row, _prior(model) * np.log(len(users)))
    folded: NDArray[np.float32] = row.astype(np.float32)
    return folded


def _prior(model: SavedModel) -> float:
    """b, from the row of the most popular item, whose last entry is b ln(its users)."""
    item = int(model.popularity.argmax())
    users = int(model.popularity[item])
    return float(model.e_items[item, -1]) / float(np.log(users)) if users > 1 else 0.0
