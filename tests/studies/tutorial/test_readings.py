from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tastegraph.data.load import load
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.lightgcn.ranking import InnerProduct
from tastegraph.studies.tutorial.published import BY_WEIGHT_DECAY
from tastegraph.studies.tutorial.ratings import FilmRatings
from tastegraph.studies.tutorial.readings import RankedBySigmoid, above_threshold, against

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Two users, four films; scores of user 0: 3, 1, 0, -1; of user 1: -1, 0, 1, 3.
EMBEDDINGS = (
    np.array([[1.0, 0.0], [0.0, 1.0]], np.float32),
    np.array([[3.0, -1.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 3.0]], np.float32),
)
LIKES = NeighbourLists.from_pairs([0, 0, 1], [0, 2, 3], 2, 4)
DISLIKES = NeighbourLists.from_pairs([0], [1], 2, 4)


def test_against_all_likes_by_hand() -> None:
    # The lists are films 0, 1 and 3, 2: one hit each, by 2 places; of 2 likes and of 1. User 0's film 1 is a dislike.
    assert against(InnerProduct(EMBEDDINGS), LIKES, DISLIKES, 2) == {
        "precision": 0.5,
        "recall": 0.75,
        "dislike_precision": 0.25,
        "dislike_recall": 1.0,
    }


def test_only_predictions_from_the_threshold_on_count() -> None:
    # sigmoid(3) = .953 >= .9, sigmoid(1) = .731 is not: one place of each list is left, a like in both.
    found = above_threshold(InnerProduct(EMBEDDINGS), EMBEDDINGS, LIKES, 2, 0.9)
    assert found == {"precision": 0.5, "recall": 0.75, "predicted": 1.0}
    found = above_threshold(InnerProduct(EMBEDDINGS), EMBEDDINGS, LIKES, 2, 0.96)
    assert found == {"precision": 0.0, "recall": 0.0, "predicted": 0.0}


def test_the_sigmoid_of_tiny_scores_ranks_films_as_they_stand_in_the_file() -> None:
    users = np.arange(2)
    e_users, e_films = EMBEDDINGS
    assert RankedBySigmoid(EMBEDDINGS).rank(users, 2, None).tolist() == [[0, 1], [3, 2]]
    tiny = RankedBySigmoid((e_users * np.float32(1e-9), e_films))
    assert tiny.rank(users, 2, None).tolist() == first_films(2, 4).rank(users, 2, None).tolist() == [[0, 1], [0, 1]]
    huge = RankedBySigmoid((e_users * np.float32(100), e_films))
    assert huge.rank(users, 2, None).tolist() == [[0, 1], [2, 3]]  # sigmoid(100) and sigmoid(300) are both 1


def first_films(num_users: int, num_films: int) -> InnerProduct:
    """Ranks films as they stand in the film file, for everybody: what a model whose scores are all equal comes to."""
    return InnerProduct((np.zeros((num_users, 1), np.float32), np.zeros((num_films, 1), np.float32)))


def test_the_published_figure_is_that_of_the_ten_first_films_of_the_file(real_data: Callable[[str], Path]) -> None:
    ratings = FilmRatings.of(load(real_data("ml-1m")), 200)
    assert (len(ratings.users), len(ratings.films), len(ratings.likes.index)) == (200, 3883, 25071)
    found = against(first_films(200, len(ratings.films)), ratings.likes, ratings.dislikes, 10)
    for weight_decay in (0.001, 0.01):
        row = BY_WEIGHT_DECAY[weight_decay]
        for precision, recall in (row[:2], row[2:4], row[4:]):
            assert found["precision"] == pytest.approx(precision, abs=5e-5)
            assert found["recall"] == pytest.approx(recall, abs=5e-6)
