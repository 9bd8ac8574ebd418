from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tastegraph.cli.lists import in_words
from tastegraph.serving.because import Because, film_shares
from tastegraph.serving.person import known_person
from tastegraph.serving.recommender import Recommender

if TYPE_CHECKING:
    from .conftest import Small

ALPHA = (0.1, 0.2, 0.3, 0.4)


def total(because: Because) -> float:
    return sum(share.score for share in because.films) + because.own + because.refinement + because.popularity


def test_shares_add_up_to_every_score(small: Small) -> None:
    recommender = Recommender(small.saved)
    scores = small.saved.e_users @ small.saved.e_items.T
    for user in range(12):
        for item in range(9):
            because = recommender.because(item * 10 + 10, f"u{user:02}")
            assert total(because) == pytest.approx(scores[user, item], abs=1e-5)


@pytest.mark.parametrize("refine", [False, True])
def test_shares_of_a_list_add_up_for_new_people_and_news(small: Small, refine: bool) -> None:
    recommender = Recommender(small.saved)
    for user, likes, dislikes in ((None, [10, "Fargo"], [30]), ("u03", [10], [40]), ("u07", [90], [])):
        places = recommender.recommend(user, 3, likes=likes, dislikes=dislikes, refine=refine, explain=True)  # type: ignore[arg-type]
        assert places
        for place in places:
            assert place.because is not None
            assert total(place.because) == pytest.approx(place.score, abs=1e-5)
            assert [share.score for share in place.because.films] == sorted(
                (share.score for share in place.because.films), reverse=True
            )


def test_a_films_share_is_the_sum_over_paths_that_begin_with_it(small: Small) -> None:
    """Cut, in the dense P, the user's row to one film, and see what of sum alpha_k P^k E0 remains beside alpha_0 E0."""
    users, p = len(small.adjacency), small.propagation
    user, item = 4, 2
    person = known_person(small.saved, user)
    shares = film_shares(small.saved, person, np.array([item]))[0]
    layers, later = small.e0, np.zeros_like(small.e0)
    for weight in ALPHA[1:]:
        later += weight * layers
        layers = p @ layers
    r = small.saved.ages(user) ** -small.saved.folding.recency
    for film, share, weight in zip(person.films, shares, r / r.mean(), strict=True):
        only = weight * p[user, users + film] * later[users + film]
        assert share == pytest.approx(only @ small.saved.e_items[item, :4] / person.length, abs=1e-5)


def test_a_new_person_has_no_own_share(small: Small) -> None:
    because = Recommender(small.saved).because("Alien", likes=["Fargo", "Brazil"])
    assert because.own == because.refinement == 0
    assert {share.called for share in because.films} == {"Fargo (1996)", "Brazil (1985)"}


def test_a_new_persons_refinement_is_told_as_such(small: Small) -> None:
    recommender = Recommender(small.saved)
    (place,) = recommender.recommend(likes=["Fargo", "Brazil"], k=1, refine=True, explain=True)
    assert place.because is not None
    assert place.because.own == 0
    assert place.because.refinement != 0
    words = in_words(place)
    assert f"the refinement {place.because.refinement:+.3f}" in words
    assert "no film" not in words
