from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tastegraph.errors import FilterError
from tastegraph.serving.order import Order
from tastegraph.serving.recommender import Recommender
from tastegraph.serving.surprise import PopularityLevels

if TYPE_CHECKING:
    from .conftest import Small


def test_a_part_by_hand() -> None:
    """Two levels of ten items, of 20 and of 80 users: their mean scores are 2 and 5, half-way in ln(users) 3.5."""
    users = np.array([20, 80] * 10)
    levels = PopularityLevels.of(users)
    scores = np.where(users == 20, 2, 5).astype(np.float32)
    scores[:2] += 7  # one of each level ...
    scores[2:4] -= 7  # ... and one for it
    assert levels.part(scores) == pytest.approx(np.where(users == 20, 2, 5))
    assert levels.without(scores, 1.0)[:6] == pytest.approx([7, 7, -7, -7, 0, 0], abs=1e-5)
    assert levels.without(scores, 0.5)[4:6] == pytest.approx([2 - 0.75 * 2, 5 - 0.75 * 5])
    between = replace(levels, place=np.full(1, np.log(40)))
    assert between.part(scores) == pytest.approx([3.5])


def test_a_prior_and_any_other_effect_of_popularity_is_taken_off_whole() -> None:
    """Scores that are taste and a bent function of ln(users) are ordered by taste, but for the width of a level."""
    rng = np.random.default_rng(0)
    users = rng.integers(10, 5000, 4000)
    taste = rng.normal(size=4000)
    levels = PopularityLevels.of(users)
    scores = (taste + 0.3 * np.log(users) ** 2).astype(np.float32)
    assert np.corrcoef(scores, np.log(users))[0, 1] > 0.9
    left = levels.without(scores, 1.0)
    assert abs(np.corrcoef(left, np.log(users))[0, 1]) < 0.02
    assert np.corrcoef(left, taste)[0, 1] > 0.98
    assert levels.without(scores, 0.0) == pytest.approx(scores)


def test_items_of_equally_many_users_are_treated_alike_and_rare_ones_as_of_ten() -> None:
    levels = PopularityLevels.of(np.repeat([0, 3, 10, 50, 900], 37))
    part = levels.part(np.random.default_rng(1).normal(size=185).astype(np.float32)).reshape(5, 37)
    assert (part == part[:, :1]).all()
    assert part[0, 0] == part[1, 0] == part[2, 0]
    assert len(set(part[2:, 0].tolist())) == 3
    assert (PopularityLevels.of(np.full(30, 4)).part(np.arange(30, dtype=np.float32)) == 14.5).all()


def test_lists_hold_the_models_scores_and_follow_those_without_popularity(small: Small) -> None:
    recommender = Recommender(small.saved)
    plain = recommender.recommend("u02", 9)
    surprising = recommender.recommend("u02", 9, order=Order(surprise=1.0))
    assert {place.item: place.score for place in plain} == {place.item: place.score for place in surprising}
    for value in (-0.1, 1.1, float("nan")):
        with pytest.raises(FilterError, match="surprise lies between 0 and 1"):
            Order(surprise=value)
