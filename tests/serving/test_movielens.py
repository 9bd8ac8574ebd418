"""People of MovieLens 100K, served from a run's saved model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tastegraph.serving.filters import Filters
from tastegraph.serving.person import known_person
from tastegraph.serving.recommender import Recommender
from tastegraph.studies.contenders import Silent
from tastegraph.studies.known_recipes import recipe_path
from tastegraph.studies.recipe import load_recipe
from tastegraph.studies.run import run

if TYPE_CHECKING:
    from pathlib import Path

    from tastegraph.data.load import Dataset


@pytest.fixture
def recommender(movielens_100k: Dataset, tmp_path: Path) -> Recommender:
    """Trained for an epoch by the recipe that comes along: cosine with a popularity prior."""
    recipe = load_recipe(recipe_path("ml-100k"), ["training.epochs=1", "training.validate_every=1"], "ml-100k")
    run(recipe, movielens_100k, tmp_path / "run", Silent())
    return Recommender.load(tmp_path / "run")


def test_a_real_model_serves_known_and_new_people(recommender: Recommender) -> None:
    model = recommender.model
    for user in range(len(model.users)):
        person = known_person(model, user)
        made = (person.own + person.weights @ model.folding.items[person.films]) / person.length
        np.testing.assert_allclose(made, person.vector[: model.width], atol=1e-5)
    for user in model.users.ids[::50]:
        for place in recommender.recommend(user, explain=True):
            assert place.because is not None
            shares = sum(share.score for share in place.because.films)
            assert shares + place.because.own + place.because.popularity == pytest.approx(place.score, abs=1e-4)
    likes = ["Toy Story", "star wars (1977)", "The Rock"]
    places = recommender.recommend(
        likes=likes, dislikes=["Barb Wire"], filters=Filters(("Comedy",), years=(1990, None))
    )
    assert len(places) == 10
    assert all("Comedy" in (place.genres or ()) and (place.year or 0) >= 1990 for place in places)
    assert not {"Toy Story", "Barb Wire"} & {place.title for place in places}
    assert {place.title for place in recommender.recommend(likes=likes, refine=True)} - set(likes)
    assert recommender.similar("Toy Story", 3)[0].title != "Toy Story"
