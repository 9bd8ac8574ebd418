from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tastegraph.errors import ModelError, UnknownUserError
from tastegraph.serving.recommender import Recommender
from tastegraph.serving.similar import nearest_rows

if TYPE_CHECKING:
    from .conftest import Small


def test_nearest_rows_by_hand() -> None:
    rows = np.array([[1, 0], [0, 2], [3, 3], [0, 0], [-1, 0]], np.float32)
    nearest, cosine = nearest_rows(rows, rows[0], 4, 0)
    assert nearest.tolist() == [2, 1, 3, 4]
    assert cosine.tolist() == pytest.approx([0.5**0.5, 0, 0, -1])


def test_neighbours_of_items_and_users_are_ordered_by_the_dense_cosine(small: Small) -> None:
    recommender = Recommender(small.saved)
    for rows, found in (
        (small.saved.e_items[:, :4], [(p.item // 10 - 1, p.score) for p in recommender.similar("Alien", 8)]),  # type: ignore[operator]
        (small.saved.e_users[:, :4], [(int(str(n.user)[1:]), n.score) for n in recommender.similar_users("u00", 11)]),
    ):
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        cosine = unit @ unit[0]
        assert [index for index, _ in found] == [n for n in np.argsort(-cosine) if n != 0]
        np.testing.assert_allclose([score for _, score in found], [cosine[index] for index, _ in found], atol=1e-6)


def test_users_like_a_new_person(small: Small) -> None:
    likes = [int(item) * 10 + 10 for item in small.saved.fit[6]]
    assert len(Recommender(small.saved).similar_users(likes=likes, k=12)) == 12
    with pytest.raises(ModelError, match="k = 0"):
        Recommender(small.saved).similar_users("u00", 0)
    with pytest.raises(UnknownUserError, match="nearest"):
        Recommender(small.saved).similar_users("u99")
