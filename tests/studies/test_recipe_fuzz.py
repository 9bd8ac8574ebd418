"""Whatever a recipe holds, it is read, and then says itself again, or it is a RecipeError of one line."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
import tomli_w
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tastegraph.errors import RecipeError
from tastegraph.studies.recipe import Recipe, load_recipe

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = sorted(path.read_bytes() for path in files("tastegraph").joinpath("recipes").iterdir() if path.is_file())
KEYS = sorted(Recipe().flat())
WORDS = [key.rpartition(".")[2] for key in KEYS] + ["models.ease.l2", "models.mf.model", "models", "nothing", "", "."]
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=12), st.dates(), st.times(),
        st.sampled_from(["none", "ml-100k", "mf", "ndcg@10", "ndcg@0", "recall@", "1e999", "\0", "cosine"]),
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*WORDS, *KEYS]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
# What tomllib itself does not refuse with an error of its own.
DEEP, LONG = "[" * 100_000, "9" * 5_000
NESTED = "[" * 90 + "]" * 90


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "recipe.toml"


def _read(path: Path | None, given_settings: list[str]) -> None:
    try:
        recipe = load_recipe(path, given_settings)
    except RecipeError as error:
        assert "\n" not in str(error)  # noqa: PT017 (either way is right)
        return
    recipe.to_toml().encode()
    if path is not None:
        path.write_text(recipe.to_toml(), encoding="utf-8")
        assert load_recipe(path) == recipe


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4))
def test_tables_of_known_keys(place: Path, values: dict[str, Any]) -> None:
    tree: dict[str, Any] = {}
    for key, value in values.items():
        *tables, last = key.split(".")
        inner = tree
        for table in tables:
            inner = inner.setdefault(table, {})
        inner[last] = value
    place.write_text(tomli_w.dumps(tree), encoding="utf-8")
    _read(place, [])


@settings(max_examples=200)
@given(st.sampled_from(KEYS + WORDS), st.one_of(st.text(max_size=30), VALUES.map(repr)))
@example("model.num_layers", DEEP)
@example("model.num_layers", LONG)
@example("data.source", "\ud800")
@example("a key\nof two lines", "1")
@example("data.source.a\nb", "1")
@example("models.mf.model", "none")
@example("models.ease.l2", NESTED)
@example("models", "{ease = {l2 = {" + "a.b." * 90 + "c = 1}}}")
@example("data.source", NESTED)
def test_settings(key: str, text: str) -> None:
    _read(None, [f"{key}={text}"])


@settings(max_examples=200)
@given(
    st.sampled_from(SHIPPED),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=3)), min_size=1, max_size=4),
)
@example(f"a = {DEEP}".encode(), [(0.0, b"")])
@example(f"seed = {LONG}".encode(), [(0.0, b"")])
def test_shipped_recipes_with_other_bytes(place: Path, recipe: bytes, changes: list[tuple[float, bytes]]) -> None:
    content = bytearray(recipe)
    for at, other in changes:
        first = int(at * len(content))
        content[first : first + len(other)] = other
    place.write_bytes(bytes(content))
    _read(place, [])


@settings(max_examples=200)
@given(
    st.one_of(st.binary(max_size=80), st.text(alphabet='[]{}="#,.\n \t-+_:01e9TZ\'"abm', max_size=80).map(str.encode))
)
def test_any_bytes(place: Path, content: bytes) -> None:
    place.write_bytes(content)
    _read(place, [])


def test_there_are_recipes_to_change() -> None:
    assert len(SHIPPED) > 5
    assert all(re.search(rb"^\[", recipe, re.MULTILINE) for recipe in SHIPPED)
