from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tastegraph.errors import ModelError
from tastegraph.serving.least_squares import ELSEWHERE, NEARNESS, refined
from tastegraph.serving.person import known_person, new_person
from tastegraph.serving.recommender import Recommender

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tastegraph.saved_model import SavedModel

    from .conftest import Small

ALPHA = (0.1, 0.2, 0.3, 0.4)


def listening_node(small: Small, likes: list[int], e0: np.ndarray, age: Sequence[int] | None = None) -> np.ndarray:
    """The final embedding of a node added to the dense graph, with an edge from each like: sum of alpha_k P^k E0.

    The others keep their neighbours and degrees: messages reach the new node, none leaves it. Of ages other than 1 the
    edges weigh as the model's recency has it.
    """
    users, items = small.adjacency.shape
    degree = small.edges.sum(1)
    p = np.zeros((users + items + 1, users + items + 1))
    p[:-1, :-1] = small.propagation
    a, b = small.saved.folding.exponents
    r = np.ones(len(likes)) if age is None else np.array(age, float) ** -small.saved.folding.recency
    for like, weight in zip(likes, r / r.mean(), strict=True):
        p[-1, users + like] = weight * len(likes) ** -a * degree[users + like] ** -b
    x = np.concatenate([small.e0, e0[None]])
    total = np.zeros_like(x)
    for weight in ALPHA:
        total += weight * x
        x = p @ x
    return np.asarray(total[-1])


def as_ranked(saved: SavedModel, taste: np.ndarray) -> np.ndarray:
    row = taste if saved.ranking == "inner" else taste / np.linalg.norm(taste)
    return np.append(row, 1.0) if saved.e_items.shape[1] > len(taste) else row


def test_a_new_person_is_what_the_network_computes_for_a_node_with_e0_zero(small: Small) -> None:
    for likes in ([0], [1, 4, 7], [0, 2, 3, 5, 8]):
        expected = as_ranked(small.saved, listening_node(small, likes, np.zeros(4)))
        np.testing.assert_allclose(new_person(small.saved, likes).vector, expected, rtol=1e-5, atol=1e-6)


def test_a_known_users_new_likes_count_as_edges_beside_the_old(small: Small) -> None:
    user = 5
    old = small.saved.fit[user].tolist()
    new = next(item for item in range(9) if item not in old)
    age = [*(small.saved.ages(user) + 1), 1]  # what is named now is later than all that was known
    expected = as_ranked(small.saved, listening_node(small, [*old, new], small.e0[user], age))
    person = known_person(small.saved, user, [new])
    np.testing.assert_allclose(person.vector, expected, rtol=1e-5, atol=1e-6)
    assert set(person.seen) == {*old, new}


def test_without_news_a_known_user_is_the_saved_row(small: Small) -> None:
    for user in range(12):
        person = known_person(small.saved, user)
        assert np.array_equal(person.vector, small.saved.e_users[user])
        made = (
            person.own + person.refinement + person.weights @ small.saved.folding.items[person.films]
        ) / person.length
        np.testing.assert_allclose(made, person.vector[:4], atol=1e-6)


def test_a_known_user_is_what_the_network_computes_with_a_last_step_by_age(small: Small) -> None:
    for user in range(12):
        likes, age = small.saved.fit[user].tolist(), small.saved.ages(user).tolist()
        expected = as_ranked(small.saved, listening_node(small, likes, small.e0[user], age))
        np.testing.assert_allclose(small.saved.e_users[user], expected, rtol=1e-4, atol=1e-6)


def test_a_like_said_again_changes_nothing(small: Small) -> None:
    likes = small.saved.fit[2].tolist()
    again = known_person(small.saved, 2, likes[:1]).vector
    np.testing.assert_allclose(again, known_person(small.saved, 2).vector, atol=1e-6)


def test_a_dislike_lowers_what_resembles_it(small: Small) -> None:
    model = small.saved
    liked, disliked = new_person(model, [0]), new_person(model, [0], [4])
    f = model.folding.items[4]
    assert not disliked.own.any()
    cosine = [float(p.vector[:4] @ f) / np.linalg.norm(p.vector[:4]) for p in (liked, disliked)]
    assert cosine[1] < cosine[0]
    assert set(disliked.seen) == {0, 4}


def test_a_refined_vector_is_the_minimum(small: Small) -> None:
    """The gradient of the documented sum of squares vanishes there."""
    likes, dislikes = [0, 1, 5], [4]
    taste = new_person(small.saved, likes, dislikes).vector[:4]
    items = small.saved.e_items[:, :4].astype(np.float64)
    mean = float((items[likes] @ taste).mean())
    scale = mean if mean > 0 else 1.0
    z = refined(small.saved, taste, likes, dislikes) / scale
    gradient = items[likes].T @ (items[likes] @ z - 1) + items[dislikes].T @ (items[dislikes] @ z)
    gradient += ELSEWHERE * 3 / len(items) * items.T @ (items @ z) + NEARNESS * 3 * (z - taste / scale)
    np.testing.assert_allclose(gradient, 0, atol=1e-4)
    person = new_person(small.saved, likes, dislikes, refine=True)
    made = (person.own + person.refinement + person.weights @ small.saved.folding.items[person.films]) / person.length
    np.testing.assert_allclose(made, person.vector[:4], atol=1e-6)


def test_nobody_without_a_like_or_with_two_minds(small: Small) -> None:
    with pytest.raises(ModelError, match="at least one like"):
        new_person(small.saved, [])
    for user in (None, small.saved.users.ids[0]):
        with pytest.raises(ModelError, match=r'^".+" is both liked and disliked'):
            Recommender(small.saved).recommend(user, likes=[30, 40], dislikes=["30"])


def test_without_layers_only_a_refinement_reaches_a_new_person(small: Small) -> None:
    model = replace(small.saved, folding=replace(small.saved.folding, items=np.zeros((9, 4), np.float32)))
    with pytest.raises(ModelError, match="it has no layers"):
        new_person(model, [1])
    assert new_person(model, [1], refine=True).vector[:4] @ model.e_items[1, :4] > 0
