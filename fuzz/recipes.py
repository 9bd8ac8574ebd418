"""Feed recipes bytes that coverage leads to: whatever they are, the only error is a RecipeError.

Usage: as of `fuzz.readers`.
"""

from __future__ import annotations

import tempfile
from importlib.resources import files
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["tastegraph.studies.recipe", "tomllib"]):
    from tastegraph.errors import RecipeError
    from tastegraph.studies.recipe import load_recipe

from fuzz.target import fuzz

PATH = Path(tempfile.mkdtemp(prefix="tastegraph-fuzz-")) / "recipe.toml"
SETTINGS = 8  # of so many inputs one is a setting of the command line


def one_input(data: bytes) -> None:
    """Read a recipe, or a setting; what was read says itself again."""
    setting = data[:1] != b"" and data[0] % SETTINGS == 0
    PATH.write_bytes(b"" if setting else data[1:])
    try:
        recipe = load_recipe(PATH, [data[1:].decode(errors="surrogateescape")] if setting else [])
    except RecipeError as error:
        if "\n" in str(error):
            raise AssertionError("an error of several lines") from error
        return
    PATH.write_text(recipe.to_toml(), encoding="utf-8")
    if load_recipe(PATH) != recipe:
        raise AssertionError("a recipe that does not say itself again")


if __name__ == "__main__":
    recipes = [path.read_bytes() for path in files("tastegraph").joinpath("recipes").iterdir() if path.is_file()]
    fuzz(one_input, [*(b"\1" + recipe for recipe in recipes), b"\0training.epochs=5", b"\0models.ease.l2=[1, {a = 2}]"])
