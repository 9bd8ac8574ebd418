"""The recipes that come along, by name."""

from __future__ import annotations

import difflib
from pathlib import Path

import tastegraph
from tastegraph.errors import RecipeError

__all__ = ["known_recipe", "known_recipes", "recipe_path"]


def known_recipes() -> dict[str, Path]:
    """The file of each recipe that comes along."""
    folder = Path(tastegraph.__file__).parent / "recipes"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


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
    raise RecipeError(f"{name}: no such recipe or file; {_hint(name)}")


def known_recipe(name: str) -> Path:
    """The file of a recipe that comes along.

    Raises:
        RecipeError: there is none of the name; the nearest one is named.
    """
    known = known_recipes()
    if name not in known:
        raise RecipeError(f"{name}: no recipe that comes along; {_hint(name)}")
    return known[name]


def _hint(name: str) -> str:
    known = known_recipes()
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
