"""The reference of the pages: every key of a recipe, every name that the pages import, every error."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from supply.settings import BEGIN, END, tables

import tastegraph
from tastegraph import errors
from tastegraph.baselines.models import BASELINES
from tastegraph.studies.fusions import FusionConfig
from tastegraph.studies.recipe import Recipe

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SETTINGS, PYTHON = (ROOT / "docs" / name for name in ("settings.md", "python.md"))
DOCUMENTED = set(re.findall(r"^\.\. (?:auto\w+|py:data):: ([\w.]+)", PYTHON.read_text("utf-8"), re.MULTILINE))


def keys_of(kind: type[BaseModel], place: str = "") -> list[str]:
    """Every key by its dotted name."""
    found = []
    for name, field in kind.model_fields.items():
        inner: Any = field.annotation
        is_table = isinstance(inner, type) and issubclass(inner, BaseModel)
        found += keys_of(inner, f"{place}{name}.") if is_table else [f"{place}{name}"]
    return found


def test_settings_has_every_key_with_its_default_and_what_it_is() -> None:
    rows = re.findall(r"^\| `([\w.+]+)` \| (.+?) \| (.*?) \| (.+) \|$", SETTINGS.read_text("utf-8"), re.MULTILINE)
    models = [key for name, model in BASELINES.items() for key in keys_of(type(model().config), f"models.{name}.")]
    fusions = keys_of(FusionConfig, "models.A+B.")
    assert sorted(key for key, *_ in rows) == sorted(keys_of(Recipe) + models + fusions)
    shown = {key: default for key, _, default, _ in rows}
    for key, value in Recipe().flat().items():
        assert json.loads(shown[key].strip("`")) == value, key


def test_settings_is_what_the_docstrings_say() -> None:
    """`make settings` makes it so."""
    assert f"{BEGIN}\n\n{tables()}\n{END}" in SETTINGS.read_text(encoding="utf-8")


def imported(page: Path) -> set[str]:
    """What a page's Python takes from TasteGraph, by its home."""
    found = set()
    for code in re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tastegraph"):
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


HOME = {f"tastegraph.{tastegraph._HOMES[name]}.{name}": f"tastegraph.{name}" for name in tastegraph.__all__}
COMMANDS = "tastegraph.cli."  # the reference of commands has them


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_imports_is_in_the_reference(page: Path) -> None:
    names = {HOME.get(name, name) for name in imported(page) if not name.startswith(COMMANDS)}
    assert names <= DOCUMENTED


def test_the_interface_and_all_errors_are_in_the_reference() -> None:
    assert {f"tastegraph.{name}" for name in tastegraph.__all__} <= DOCUMENTED
    names = {f"tastegraph.errors.{name}" for name in errors.__all__ if name.endswith("Error")}
    assert {HOME.get(name, name) for name in names} <= DOCUMENTED
