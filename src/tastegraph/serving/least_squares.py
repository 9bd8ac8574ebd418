"""A folded-in vector brought nearer to what it should score, by one regularised least-squares step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tastegraph.saved_model import SavedModel

__all__ = ["refined"]

ELSEWHERE = 0.05  # w: what all items weigh together, beside the likes
NEARNESS = 1.0  # lambda, for each like


def refined(
    model: SavedModel, taste: NDArray[np.float32], likes: Sequence[int], dislikes: Sequence[int]
) -> NDArray[np.float32]:
    r"""The vector z that minimises, with n likes and t the taste scaled so that the likes score 1 on average,

    .. math::
        \sum_{likes} (1 - z \cdot e_i)^2 + \sum_{dislikes} (z \cdot e_i)^2
        + \frac{w n}{|I|} \sum_{i \in I} (z \cdot e_i)^2 + \lambda n \lVert z - t \rVert^2

    as a step of implicit ALS (Hu, Koren and Volinsky 2008) that starts from a prior mean; scaled back in the end.

    Args:
        model: whose items.
        taste: what the fold-in came to, float32 [d].
        likes: item indices.
        dislikes: item indices.

    Returns:
        float32 [d].
    """  # noqa: D415 (the sentence goes on in the equation)
    liked, disliked = (model.e_items[list(films), : model.width].astype(np.float64) for films in (likes, dislikes))
    mean = float((liked @ taste).mean()) if len(liked) else 0.0
    scale = mean if mean > 0 else 1.0
    number = max(len(liked), 1)
    matrix = liked.T @ liked + disliked.T @ disliked + ELSEWHERE * number / len(model.items) * model.gram
    matrix += NEARNESS * number * np.eye(model.width)
    goal = liked.sum(0) + NEARNESS * number * taste / scale
    return (np.linalg.solve(matrix, goal) * scale).astype(np.float32)
