"""The recipes that come along, by name."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import tastegraph
from tastegraph.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "GENERAL",
    "better_than_defaults",
    "check_data_named",
    "known_recipe",
    "known_recipes",
    "recipe_path",
    "recipes_of_data",
]

GENERAL = "general"  # names no data


def known_recipes() -> dict[str, Path]:
    """The file of each recipe that comes along."""
    folder = Path(tastegraph.__file__).parent / "recipes"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def recipes_of_data() -> dict[str, Path]:
    """Those of one data set each, by whose name theirs begins."""
    return {name: path for name, path in known_recipes().items() if name != GENERAL}


def recipe_path(name: str | None) -> Path | None:
    """The file that `--recipe` names: a known recipe, or else a path; None where it is not said.

    Raises:
        RecipeError: neither; the nearest known recipe is named.
    """
    if not name:
        return None
    known = known_recipes()
    if name in known:
        return known[name]
    path = Path(name)
    if path.exists() or path.suffix == ".toml" or path.name != name:
        return path
    raise RecipeError(f"{name}: no such recipe or file; {_hint(name, known)}")


def known_recipe(name: str) -> Path:
    """The file of a data set's recipe that comes along.

    Raises:
        RecipeError: there is none of the name; the nearest one is named.
    """
    known = recipes_of_data()
    if name not in known:
        raise RecipeError(f"{name}: no data set's recipe that comes along; {_hint(name, known)}")
    return known[name]


def check_data_named(recipe: str | None, data: str | None, settings: Iterable[str]) -> None:
    """Refuse a recipe that names no data where nothing else names any.

    Raises:
        RecipeError: of which recipe.
    """
    if recipe == GENERAL and data is None and not any(word.startswith("data.source=") for word in settings):
        raise RecipeError(
            f"recipe {GENERAL} names no data; expected a known data set or a file before --recipe {GENERAL}"
        )


def better_than_defaults(data: str) -> str:
    """Which recipe to take for a data set, for people."""
    if data in recipes_of_data():
        return f"--recipe {data} has the best ones found for {data}"
    return f"--recipe {GENERAL} is faster, and better on most data"


def _hint(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
