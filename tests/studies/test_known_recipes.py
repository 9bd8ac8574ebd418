from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tastegraph.errors import RecipeError
from tastegraph.studies.known_recipes import known_recipes, recipe_path, recipes_of_data
from tastegraph.studies.recipe import load_recipe

ROOT = Path(__file__).parents[2]


def test_every_recipe_that_comes_along_is_valid_and_names_its_data_but_one() -> None:
    assert "gowalla" in known_recipes()
    for name, path in recipes_of_data().items():
        recipe = load_recipe(path)
        assert name.startswith(recipe.data.source)
    (general,) = known_recipes().keys() - recipes_of_data().keys()
    assert "data" not in tomllib.loads(known_recipes()[general].read_text("utf-8"))


def test_the_folder_at_the_root_is_the_one_that_is_installed() -> None:
    """A link in a checkout, a copy in a source distribution."""
    for name, path in known_recipes().items():
        assert (ROOT / "recipes" / f"{name}.toml").read_bytes() == path.read_bytes()


def test_a_recipe_is_named_or_lies_somewhere(tmp_path: Path) -> None:
    assert recipe_path("gowalla") == known_recipes()["gowalla"]
    mine = tmp_path / "mine.toml"
    assert recipe_path(str(mine)) == mine  # reading it will tell that it is missing
    assert recipe_path("other.toml") == Path("other.toml")
    with pytest.raises(RecipeError, match=r"gowala: no such recipe or file; did you mean gowalla\?"):
        recipe_path("gowala")
    with pytest.raises(RecipeError, match=r"zzz: no such recipe or file; known are .*gowalla"):
        recipe_path("zzz")
