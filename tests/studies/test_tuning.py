from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tastegraph.baselines.search_space import holds
from tastegraph.data.load import load
from tastegraph.errors import EvaluationError
from tastegraph.lightgcn.choices import OBJECTIVES
from tastegraph.studies.contenders import choose
from tastegraph.studies.models import MODELS, ranges_of, settings_of
from tastegraph.studies.recipe import load_recipe
from tastegraph.studies.search import Budget, searched_of
from tastegraph.studies.trial import Trial
from tastegraph.studies.tuning import tune
from tastegraph.studies.tuning_folder import Asked, tune_into
from tastegraph.studies.watcher import Silent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.search import Pruner, Tuned

SMALL = ["training.epochs=3", "training.batch_size=128", "model.embedding_dim=8"]


def _tune(
    csv_file: Path, *names: str, budget: Budget, settings: tuple[str, ...] = (), pruner: Pruner = "median"
) -> tuple[Recipe, dict[str, Tuned], list[Mapping[str, Any]]]:
    recipe = load_recipe(None, [*SMALL, *settings], str(csv_file))
    noted: list[Sequence[Mapping[str, Any]]] = []
    trial = Trial.of(load(str(csv_file)), recipe)
    best, found = tune(recipe, trial, names, budget, pruner=pruner, note=noted.append)
    return best, found, list(noted[-1])


def test_the_recipe_that_comes_out_has_the_best_trials_settings_and_its_validation_metric(ratings_csv: Path) -> None:
    names = ("ease", "lightgcn", "mf", "popularity")
    best, found, lines = _tune(ratings_csv, *names, budget=Budget(trials=4))
    trial = Trial.of(load(str(ratings_csv)), best)
    for name in names:
        own = [line for line in lines if line["model"] == name]
        assert len(own) == found[name].trials == (1 if name == "popularity" else 4)
        values = [line["validation"]["ndcg@10"] for line in own]
        assert found[name].value == max(values)
        assert choose(name, trial, best, Silent()).validation["ndcg@10"] == max(values)
    assert best.models["ease"]["l2"] == found["ease"].settings["l2"]
    assert best.training.learning_rate == found["lightgcn"].settings["training.learning_rate"]


def test_the_first_trial_is_the_recipes_own_and_the_same_seed_tries_the_same(ratings_csv: Path) -> None:
    tries = [_tune(ratings_csv, "ease", budget=Budget(3), settings=("models.ease.l2=77.0",))[2] for _ in range(2)]
    settings = [[line["settings"] for line in lines] for lines in tries]
    assert settings[0] == settings[1]
    assert settings[0][0] == {"l2": 77.0}
    assert len({json.dumps(one) for one in settings[0]}) == 3


def test_a_search_looks_at_validation_alone(ratings_csv: Path) -> None:
    """With the test part taken away it finds the same."""
    recipe = load_recipe(None, SMALL, str(ratings_csv))
    trial, blind = (Trial.of(load(str(ratings_csv)), recipe) for _ in range(2))
    for name in ("test", "known", "final"):
        blind.__dict__[name] = None  # cached properties: whoever asks for them gets nothing
    found = [tune(recipe, one, ("ease", "mf"), Budget(3))[0] for one in (trial, blind)]
    assert found[0] == found[1]


def test_no_trial_begins_when_the_time_is_over(ratings_csv: Path) -> None:
    assert _tune(ratings_csv, "ease", budget=Budget(50, seconds=1e-9))[1]["ease"].trials == 1


def test_a_setting_that_does_not_work_out_is_recorded_and_passed_over(ratings_csv: Path) -> None:
    settings = ("training.learning_rate=1e30", "models.mf.training.learning_rate=0.01")
    _, found, lines = _tune(ratings_csv, "lightgcn", budget=Budget(2), settings=settings)
    assert "failed" in lines[0]
    assert found["lightgcn"].value == lines[1]["validation"]["ndcg@10"]


def test_an_empty_budget_is_refused(ratings_csv: Path) -> None:
    with pytest.raises(EvaluationError, match="found 0 trials"):
        _tune(ratings_csv, "ease", budget=Budget(0))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_models_default_settings_lie_within_its_ranges(name: str, objective: str) -> None:
    recipe = load_recipe(None, [f"training.objective={objective}", "model.ranking=cosine"])
    ranges = ranges_of(name, recipe)
    own = searched_of(settings_of(name, recipe), ranges)
    assert all(holds(found, own[key]) for key, found in ranges.items())


def test_the_folder_holds_recipe_and_trials(ratings_csv: Path, tmp_path: Path) -> None:
    recipe, dataset = load_recipe(None, SMALL, str(ratings_csv)), load(str(ratings_csv))
    trial = Trial.of(dataset, recipe)
    out = tmp_path / "tuned"
    found = tune_into(out, Asked(recipe, ("ease",), Budget(3)), dataset, trial, Silent())
    names = {"recipe.toml", "trials.jsonl", "trials.db", "search.json", "tuning.json", "environment.json"}
    assert {path.name for path in out.iterdir()} == names
    assert load_recipe(out / "recipe.toml").models["ease"]["l2"] == found["ease"].settings["l2"]
    assert len((out / "trials.jsonl").read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.parametrize("pruner", ["median", "halving"])
def test_a_training_that_falls_behind_is_given_up_and_is_never_the_best(ratings_csv: Path, pruner: Pruner) -> None:
    settings = ("training.epochs=12", "training.patience=2", "training.learning_rate=0.05", "training.batch_size=1024")
    _, found, lines = _tune(ratings_csv, "lightgcn", budget=Budget(12), settings=settings, pruner=pruner)
    given_up = [line for line in lines if "pruned" in line]
    assert len(given_up) == found["lightgcn"].pruned > 0
    assert all(2 <= line["pruned"] < 12 and "validation" not in line for line in given_up)
    whole = [line["validation"]["ndcg@10"] for line in lines if "validation" in line]
    assert found["lightgcn"].value == max(whole)
    assert found["lightgcn"].trials == len(lines) == 12


def test_without_a_pruner_every_training_comes_to_its_end(ratings_csv: Path) -> None:
    settings = ("training.epochs=12", "training.patience=2", "training.learning_rate=0.05", "training.batch_size=1024")
    _, found, _ = _tune(ratings_csv, "lightgcn", budget=Budget(12), settings=settings, pruner="none")
    assert found["lightgcn"].pruned == 0
