"""Imports point down the floors only, and nothing heavy is imported before it is needed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tastegraph

ROOT = Path(tastegraph.__file__).parent
# What a room imports, whole: a line that nobody needs is taken away, a further one is a decision.
BELOW = {
    "errors": set(),
    "files": set(),
    "ranks": {"errors"},
    "data": {"errors", "files"},
    "graph": {"errors"},
    "lightgcn": {"errors", "files", "ranks", "graph"},
    "baselines": {"errors", "files", "data", "graph"},
    "ranking": {"errors", "graph"},
    # A run writes the saved model, people are served from it: it stands between ranking and studies.
    "saved_model": {"errors", "files", "data", "graph"},
    "studies": {"errors", "files", "ranks", "data", "graph", "lightgcn", "baselines", "ranking", "saved_model"},
    "graphgym": {"errors", "data", "graph", "lightgcn", "ranking"},
    "serving": {"errors", "files", "ranks", "graph", "saved_model", "studies"},
    "cli": {"errors", "files", "ranks", "data", "graph", "lightgcn", "baselines", "studies", "serving"},
}
FILES = sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT or path.stem in BELOW)


def imported_floors(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module or ""]
        found |= {name.split(".")[1] for name in names if name.startswith("tastegraph.")}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    floor = path.relative_to(ROOT).parts[0].removesuffix(".py")
    assert imported_floors(path) - {floor} <= BELOW[floor]


def test_a_room_may_import_what_it_does_and_no_more() -> None:
    imported: dict[str, set[str]] = {floor: set() for floor in BELOW}
    for path in FILES:
        floor = path.relative_to(ROOT).parts[0].removesuffix(".py")
        imported[floor] |= imported_floors(path) - {floor}
    assert imported == BELOW


def test_floors_come_one_after_the_other() -> None:
    order = list(BELOW)
    assert all(order.index(below) < at for at, floor in enumerate(order) for below in BELOW[floor])


def test_every_room_has_its_floor() -> None:
    rooms = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in ROOT.rglob("*.py")}
    assert rooms - {"__init__", "__main__"} == set(BELOW)


def test_every_room_is_described() -> None:
    page = (Path(__file__).parents[1] / "docs" / "architecture.md").read_text("utf-8")
    headings = re.findall(r"^\*\*(`.+?)\.\*\* \w", page, re.MULTILINE)  # **`data`.** Readers of every layout, ...
    assert sorted(room for heading in headings for room in re.findall(r"`(\w+)`", heading)) == sorted(BELOW)


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("tastegraph.data.load", {"torch", "numba"}),
        ("tastegraph.ranking.full_ranking", {"torch", "numba"}),
        ("tastegraph.serving.recommender", {"torch", "numba", "pydantic", "matplotlib"}),
        (
            "tastegraph.cli.main",
            {"fastapi", "sqlalchemy", "torch", "numba", "polars", "numpy", "pydantic", "matplotlib"},
        ),
    ],
)
def test_nothing_heavy_comes_along(module: str, heavy: set[str]) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not heavy & set(done.stdout.split())


def test_the_public_surface() -> None:
    assert tastegraph.__all__ == sorted(tastegraph.__all__)
    for name in tastegraph.__all__:
        assert getattr(tastegraph, name) is not None
    with pytest.raises(AttributeError):
        tastegraph.nothing_of_the_kind  # noqa: B018
