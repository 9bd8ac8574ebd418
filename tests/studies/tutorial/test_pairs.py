from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.studies.tutorial.pairs import Draw, Drawn, draw_negatives, draw_pairs, draw_positives, without


def _lists(rows: list[list[int]], columns: int) -> NeighbourLists:
    user = [u for u, row in enumerate(rows) for _ in row]
    return NeighbourLists.from_pairs(user, [film for row in rows for film in row], len(rows), columns)


def _parts(drawn: Drawn) -> list[set[tuple[int, int]]]:
    every = np.arange(drawn.edges.num_rows)
    return [set(zip(*map(np.ndarray.tolist, part.pairs_of(every)), strict=True)) for part in drawn.parts]


LIKES = _lists([list(range(10)), list(range(5, 25)), [], [29]], 30)
DISLIKES = _lists([[20, 21], [0], [3], []], 30)


def test_twenty_pairs_a_user_are_fourteen_to_train_on() -> None:
    drawn = draw_pairs(LIKES, DISLIKES, 20)
    assert np.bincount(drawn.training.user).tolist() == [14, 14, 0, 14]  # the third user likes nothing


def test_likes_first_divides_each_users_likes_seven_to_two_to_one() -> None:
    drawn = draw_pairs(LIKES, DISLIKES, 20)
    assert [part.counts.tolist() for part in drawn.parts] == [[7, 14, 0, 1], [2, 4, 0, 0], [1, 2, 0, 0]]


@given(st.integers(0, 2**31), st.sampled_from([5, 20, 50]))
@settings(max_examples=25)
def test_likes_first_lets_no_like_into_two_parts(seed: int, n: int) -> None:
    training, validation, test = _parts(draw_pairs(LIKES, DISLIKES, n, seed=seed))
    assert not training & validation
    assert not (training | validation) & test
    assert len(training | validation | test) == len(LIKES.index)


def test_pairs_first_may_learn_from_what_it_is_tested_by() -> None:
    training, _, test = _parts(draw_pairs(LIKES, DISLIKES, 50, draw="pairs-first"))
    assert training & test


@pytest.mark.parametrize("draw", ["likes-first", "pairs-first"])
def test_a_pair_is_a_like_and_a_film_that_is_none(draw: Draw) -> None:
    drawn = draw_pairs(LIKES, DISLIKES, 30, draw=draw)
    pairs = drawn.training
    assert LIKES.contain(pairs.user, pairs.liked).all()
    assert not LIKES.contain(pairs.user, pairs.other).any()
    assert drawn.edges.contain(pairs.user, pairs.liked).all()


def test_every_like_is_drawn_before_any_is_drawn_again() -> None:
    _, film = draw_positives(LIKES, 13, np.random.default_rng(0), repeated=False)
    assert sorted(film[:10].tolist()) == list(range(10))
    assert film[10:13].tolist() == film[:3].tolist()


def test_negatives_are_dislikes_where_they_are_asked_for_and_there_are_any() -> None:
    user = np.repeat([0, 1, 3], 40)
    film = draw_negatives(user, LIKES, DISLIKES, np.random.default_rng(0))
    assert set(film[:40].tolist()) == {20, 21}
    assert set(film[40:80].tolist()) == {0}
    assert 29 not in film[80:]
    assert len(set(film[80:].tolist())) > 10  # user 3 dislikes nothing: any film that is no like


def test_the_same_seed_draws_the_same_pairs() -> None:
    one, same, other = (draw_pairs(LIKES, DISLIKES, 20, seed=seed) for seed in (1, 1, 2))
    assert one.training.liked.tolist() == same.training.liked.tolist()
    assert one.training.liked.tolist() != other.training.liked.tolist()


def test_without() -> None:
    left = without(_lists([[0, 1, 2], [3]], 5), _lists([[1], []], 5), _lists([[], [3]], 5))
    assert left.counts.tolist() == [2, 0]
    assert left.index.tolist() == [0, 2]
