"""Histories: the fit part as a sparse matrix R, users x items."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from tastegraph.data.interactions import Interactions
from tastegraph.errors import ModelError

__all__ = ["Sparse", "history_of", "shape_of"]

Sparse = Any  # scipy's csr_array of float32, which carries no types


def shape_of(interactions: Interactions) -> tuple[int, int]:
    """Users and items of the fit part.

    Raises:
        ModelError: there is no pair to learn from.
    """
    if not isinstance(interactions, Interactions):
        raise ModelError(
            f"a model is fitted to Interactions, such as Interactions.from_frame makes of a table; found "
            f"{type(interactions).__name__}"
        )
    if not len(interactions):
        raise ModelError("the fit part is empty; a model needs at least one positive to learn from")
    return len(interactions.users), len(interactions.items)


def history_of(interactions: Interactions) -> Sparse:
    """R: 1 where a user has an item, float32 [users, items] in compressed rows with ascending columns.

    Raises:
        ModelError: there is no pair to learn from.
    """
    shape = shape_of(interactions)
    start = np.concatenate([[0], np.cumsum(np.bincount(interactions.user, minlength=shape[0]))])
    ones = np.ones(len(interactions), np.float32)
    return csr_array((ones, interactions.item.astype(np.int32), start.astype(np.int32)), shape=shape)
