"""Fusions of models: their names and settings, and that they are fitted, chosen and judged as their models are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tastegraph.baselines.ease import EASE
from tastegraph.baselines.popularity import Popularity
from tastegraph.data.load import load
from tastegraph.errors import ModelError, RecipeError
from tastegraph.lightgcn.ranking import InnerProduct
from tastegraph.lightgcn.training import train
from tastegraph.ranking.full_ranking import full_ranking
from tastegraph.ranking.fusion import Fusion
from tastegraph.studies.benchmark_records import read_records, write_record
from tastegraph.studies.benchmark_table import table_of
from tastegraph.studies.benchmarks import run_benchmark
from tastegraph.studies.comparison import compare
from tastegraph.studies.comparison_folder import compare_into
from tastegraph.studies.contenders import contend, score_test
from tastegraph.studies.fusions import fusion_config
from tastegraph.studies.manner import Manner
from tastegraph.studies.memory import bytes_needed
from tastegraph.studies.models import known_models, known_single_models, settings_of, title_of
from tastegraph.studies.recipe import load_recipe
from tastegraph.studies.trial import Trial
from tastegraph.studies.watcher import Silent

from .published_split import published_split

if TYPE_CHECKING:
    from pathlib import Path

NAME = "lightgcn+ease"
SMALL = ["training.epochs=4", "training.batch_size=128", "model.embedding_dim=8", "evaluation.k=[5, 10]"]
FUSED = [*SMALL, "models.ease.l2=2", f"models.{NAME}.weights=[1, 0.5]", f"models.{NAME}.constant=20"]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(published_split(tmp_path_factory.mktemp("published") / "tastes"))


def test_a_name_is_of_known_models_each_once() -> None:
    assert known_models("lightgcn, ease + lightgcn,ease") == ("lightgcn", NAME, "ease")
    assert known_models("all,ease+lightgcn") == (*known_models("all"), NAME)
    assert not [name for name in known_models("all") if "+" in name]
    assert title_of("lightgcn+ease+mf") == "LightGCN + EASE + MF (K = 0)"
    for names, said in (
        ("lightgcn+eas", "unknown model 'eas'; did you mean ease"),
        ("lightgcn+", "'lightgcn[+]': a fusion has a model before and after each plus"),
        ("ease+ease", "ease[+]ease: a model is fused with others, each once"),
    ):
        with pytest.raises(RecipeError, match=said):
            known_models(names)
    with pytest.raises(RecipeError, match="what is tuned is a single model"):
        known_single_models(NAME, "what is tuned")


def test_settings_of_a_fusion() -> None:
    recipe = load_recipe(None, FUSED)
    own = settings_of(NAME, recipe)
    assert (own["weights"], own["constant"], own["depth"]) == ([1, 0.5], 20, 200)
    assert own["models"] == {name: settings_of(name, recipe) for name in ("lightgcn", "ease")}
    assert fusion_config("lightgcn+ease+mf", {}).weights == (1, 1, 1)
    assert load_recipe(None, ["models.als+ease.depth=3"]).models == {"als+ease": {"depth": 3}}
    for setting, said in (
        ("models.lightgcn+ease.weights=[1]", "weights: expected one for each of 2 models; found 1"),
        ("models.lightgcn+ease.weights=[1, 0]", "weights.1: input should be greater than 0"),
        ("models.lightgcn+ease.weight=1", "no hyperparameter 'weight'; did you mean 'weights'"),
        ("models.ease+lightgcn.depth=5", "its weights are in the order of lightgcn[+]ease; name it so"),
        ("models.lightgcn+ease.weights=2", "weights: input should be a list; found 2"),
        ('baselines=["lightgcn+ease"]', "a baseline of a run is a single model"),
    ):
        with pytest.raises(RecipeError, match=said):
            load_recipe(None, [setting])


def test_its_models_are_fitted_as_alone_and_their_lists_fused(published: str) -> None:
    recipe = load_recipe(None, [*FUSED, "evaluation.select=ndcg@5"], published)
    trial = Trial.of(load(published), recipe)
    assert trial.refits
    scored = score_test(contend(NAME, trial, recipe, Silent()), trial, recipe)
    alone = contend("lightgcn", trial, recipe, Silent())
    assert alone.trained is not None
    best = alone.trained.best_epoch

    def fused(of: Trial) -> Fusion:
        embeddings = train(of.graph, recipe.model, recipe.training, stop_after=best).embeddings
        return Fusion([InnerProduct(embeddings), EASE(l2=2).fit(of.split.fit)], (1, 0.5), 20)

    expected = full_ranking(fused(trial.final), trial.final.test, trial.final.known, [5, 10])
    assert np.array_equal(scored.test.lists, expected.lists)
    validation = full_ranking(fused(trial), trial.validation, trial.graph.items_of, [5, 10]).means()
    assert scored.contender.validation == validation
    assert scored.contender.trained is None


def test_where_nothing_is_chosen_there_is_no_validation(published: str) -> None:
    settings = [*FUSED, "training.validate_every=4", "evaluation.select=ndcg@5"]
    recipe = load_recipe(None, settings, published)
    assert contend(NAME, Trial.of(load(published), recipe), recipe, Silent(), once=True).validation == {}


def test_it_is_compared_and_weighs_nearly_nothing_where_its_weight_says_so(ratings_csv: Path) -> None:
    settings = ["models.popularity+ease.weights=[0.000001, 1000000]", "evaluation.k=[5]"]
    recipe = load_recipe(None, [*SMALL, *settings], str(ratings_csv))
    names = ("ease", "popularity", "popularity+ease")
    models = compare(recipe, load(str(ratings_csv)), names, Manner(), Silent()).result["models"]
    assert models["popularity+ease"]["title"] == "Popularity + EASE"
    assert models["popularity+ease"]["metrics"]["test"] == models["ease"]["metrics"]["test"]
    assert models["ease"]["metrics"]["test"] != models["popularity"]["metrics"]["test"]


def test_the_report_tells_its_settings_and_those_of_its_models(ratings_csv: Path, tmp_path: Path) -> None:
    recipe = load_recipe(None, [*SMALL, "models.ease.l2=7", "models.popularity+ease.weights=[1, 2]"], str(ratings_csv))
    compare_into(tmp_path / "c", recipe, load(str(ratings_csv)), ("popularity+ease", "ease"), Manner(), Silent())
    report = (tmp_path / "c" / "report.html").read_text(encoding="utf-8")
    assert "weights [1.0, 2.0], constant 60.0, depth 200, popularity (none), ease (l2 7.0)" in report


def test_it_has_a_record_and_a_row(published: str, tmp_path: Path) -> None:
    recipe = load_recipe(None, [*FUSED, "evaluation.select=ndcg@5"], published)
    record = run_benchmark("tastes", recipe, Silent(), lambda _: None, NAME, states=tmp_path / "states")
    path = write_record(record, tmp_path / "records")
    assert path.name == f"tastes-{NAME}-seed-0.json"
    (row,) = (line for line in table_of(read_records(path.parent)).splitlines() if line.startswith("| ours"))
    assert row.startswith("| ours, LightGCN + EASE, `tastes` | 8 | **")
    assert row.endswith(f"| `tastegraph reproduce benchmarks --only tastes --models {NAME}` |")
    trial = Trial.of(load(published), recipe)
    assert record["metrics"]["test"] == score_test(contend(NAME, trial, recipe, Silent()), trial, recipe).test.means()


def test_memory_is_of_all_its_models(published: str) -> None:
    recipe = load_recipe(None, FUSED, published)
    trial = Trial.of(load(published), recipe)
    parts = [bytes_needed(name, trial, recipe) for name in ("lightgcn", "ease")]
    assert bytes_needed(NAME, trial, recipe) == sum(parts)


def test_what_it_is_handed_ranks(ratings_csv: Path) -> None:
    interactions = Trial.of(load(str(ratings_csv)), load_recipe(None, SMALL, str(ratings_csv))).split.fit
    with pytest.raises(ModelError, match="not fitted"):
        Fusion([EASE(), Popularity()], (1, 1)).rank(np.arange(2), 3, None)
    lists = Fusion([EASE().fit(interactions), Popularity().fit(interactions)], (1, 1)).rank(np.arange(2), 3, None)
    assert lists.shape == (2, 3)
