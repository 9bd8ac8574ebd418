from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tastegraph.errors import RecipeError
from tastegraph.lightgcn.choices import OBJECTIVES
from tastegraph.studies.known_recipes import known_recipes, recipe_path
from tastegraph.studies.recipe import Recipe, load_recipe

if TYPE_CHECKING:
    from pathlib import Path


def test_a_resolved_recipe_reads_back_as_itself(tmp_path: Path) -> None:
    recipe = load_recipe(None, ["model.alpha=[0.5, 0.5]", "model.num_layers=1", "data.threshold=none"], "mine.csv")
    assert recipe.data.source == "mine.csv"
    assert recipe.threshold is None
    path = tmp_path / "recipe.toml"
    path.write_text(recipe.to_toml(), encoding="utf-8")
    assert load_recipe(path) == recipe


def test_a_date_may_be_written_as_tomls_own(tmp_path: Path) -> None:
    recipe = load_recipe(None, ["cleaning.since=1998-01-01", "cleaning.before=1998-01-01T10:00:00Z"])
    assert (recipe.cleaning.since, recipe.cleaning.before) == ("1998-01-01", "1998-01-01T10:00:00+00:00")
    assert load_recipe(None, ['cleaning.since="1998-01-01"']).cleaning.since == "1998-01-01"
    assert load_recipe(None, ["cleaning.since=86400"]).cleaning.since == "86400"


def test_what_is_said_on_the_command_line_comes_last() -> None:
    recipe = load_recipe(
        None, ["data.columns.user=3"], "x.csv", {"data.columns.item": "film", "data.columns.time": None}
    )
    assert (recipe.data.columns.user, recipe.data.columns.item, recipe.data.columns.time) == ("3", "film", None)
    assert recipe.data.reading.columns == recipe.data.columns


def test_settings_come_after_the_file(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text("[training]\nepochs = 7\nseed = 3\n", encoding="utf-8")
    recipe = load_recipe(path, ["training.epochs=9"])
    assert (recipe.training.epochs, recipe.training.seed) == (9, 3)
    assert recipe.model == Recipe().model


@pytest.mark.parametrize("key", ["models.lightgcn+ease.constant", 'models."lightgcn+ease".constant'])
def test_a_key_may_have_the_quotes_that_a_file_needs(key: str) -> None:
    assert load_recipe(None, [f"{key}=20"]).models == {"lightgcn+ease": {"constant": 20}}


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("training.epoch=5", "unknown key training.epoch; did you mean training.epochs?"),
        ("epochs=5", "unknown key epochs; did you mean training.epochs?"),
        ("modle.num_layers=5", "unknown key modle; did you mean model?"),
        ("training.epochs=zero", "training.epochs: input should be a valid integer"),
        ("training.epochs=0", "training.epochs: input should be greater than or equal to 1; found '0'"),
        ("model.num_layers=-1", "model.num_layers: input should be greater than or equal to 0"),
        ("model.alpha=[1, 2]", "model: alpha needs 4 weights, for layers 0 to 3; found 2"),
        ("data.threshold=nan", "data.threshold: input should be a finite number"),
        ("evaluation.select=ndgc@10", "evaluation.select: a metric is written name@K"),
        ("evaluation.k=[0]", "evaluation.k: lengths must be from 1 to 1,000,000"),
        ("training.epochs", "expected key=value, found 'training.epochs'"),
        ("training=5", "training: "),
        ("data=5", "data: "),
        ("data.source.x=5", "data.source: "),
        ("split.ratios=[0.5, nan, 0.5]", "split: ratios must be three shares"),
        ("=5", "expected key=value, found '=5'"),
        ("training.foo=5", "unknown key training.foo; known are training.epochs, "),
        ("evaluation.k=[100000000000000000000]", "evaluation.k: lengths must be from 1 to 1,000,000"),
        ('baselines=["alz"]', "baselines: "),
        ("cleaning.since=soon", "cleaning.since: expected an ISO date or time"),
        ("cleaning.kcore=5", "unknown key cleaning.kcore; did you mean cleaning.k_core?"),
        ("data.columns.users=x", "unknown key data.columns.users; did you mean data.columns.user?"),
        ("split.method=random", "split.method: input should be 'ratio', 'leave-one-out'"),
        ("split.ratios=0.5,0.2,0.2", "split.ratios: expected a list such as [0.8, 0.1, 0.1]; found '0.5,0.2,0.2'"),
        ("training.betas=[0.9]", "training.betas: expected 2 values, such as [0.9, 0.999]; found '[0.9]'"),
        ("model.exponents=[0.5,0.5,0.5]", "model.exponents: expected 2 values, such as [0.5, 0.5]; found '[0.5, 0.5"),
        ("model.recency=nan", "model.recency: input should be a finite number; found 'nan'"),
        ("model.alpha=foo", "model.alpha: input should be 'uniform' or 'learned' or a list of numbers; found 'foo'"),
        ("evaluation.k=10", "evaluation.k: expected a list such as [10, 20]; found '10'"),
        ("split.fold=9", "split: fold must be from 1 to 5"),
        ("training.objective=top2", "training.objective: input should be 'bpr'"),
        ("training.negatives=batch", 'training: negatives "batch" are not for objective "bpr"; take "uniform", '),
        ("training.temperature=0.2", 'training: temperature would not be read with objective "bpr" and negatives "uni'),
        ("models.mf.training.temperature=0.2", 'models.mf: temperature would not be read with objective "bpr"'),
        ("models.mf.training.epochs=0", "models.mf: epochs: input should be greater than or equal to 1; found '0'"),
        ("data.duplicates=all", "data.duplicates: input should be 'last', 'first', 'highest' or 'refuse'"),
    ],
)
def test_a_bad_setting_is_named(setting: str, expected: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe(None, [setting])
    assert str(caught.value).startswith(expected)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no such file"):
        load_recipe(tmp_path / "gone.toml")
    (tmp_path / "r.toml").write_text("epochs = = 3", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"r.toml: not TOML"):
        load_recipe(tmp_path / "r.toml")


def test_a_part_column_that_the_split_would_not_read_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"names a column that split\.method ratio does not read"):
        load_recipe(None, ["data.columns.part=set"])
    assert load_recipe(None, ["data.columns.part=set", "split.method=column"]).split.method == "column"


@pytest.mark.parametrize("name", known_recipes())
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_any_recipe_takes_another_objective_and_leaves_its_own_settings_behind(name: str, objective: str) -> None:
    recipe = load_recipe(recipe_path(name), [f"training.objective={objective}"])
    assert recipe == load_recipe(recipe_path(name)).with_keys({"training.objective": objective})
    assert recipe.of_mf().training.objective == objective
    assert (recipe == load_recipe(recipe_path(name))) == (
        load_recipe(recipe_path(name)).training.objective == objective
    )


def test_what_is_set_beside_another_objective_is_never_left_behind() -> None:
    path = recipe_path("ml-1m")  # softmax, negatives by popularity, temperature .15, and the same for mf
    recipe = load_recipe(path, ["training.objective=bpr", "training.negatives=hardest", "training.candidates=4"])
    assert (recipe.training.negatives, recipe.training.candidates, recipe.training.temperature) == ("hardest", 4, 0.12)
    with pytest.raises(RecipeError, match=r"^training: temperature would not be read"):
        load_recipe(path, ["training.objective=bpr", "training.temperature=0.2"])
    with pytest.raises(RecipeError, match='negatives "hardest" are not for objective "softmax"'):
        load_recipe(path, ["training.negatives=hardest"])
    assert load_recipe(path, ["training.negatives=batch"]).training.temperature == 0.15
    own = load_recipe(path, ["models.mf.training.objective=bpr"])
    assert (own.training.objective, own.of_mf().training.objective) == ("softmax", "bpr")
    assert own.of_mf().training.temperature == 0.12
    assert own.of_mf().training.learning_rate == 0.005
