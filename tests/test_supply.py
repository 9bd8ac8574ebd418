"""What comes from others, and what our own code never does with what it reads."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tastegraph
from tastegraph.data.catalog import CATALOG

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(tastegraph.__file__).parent
ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(SOURCE.rglob("*.py"))

NEVER_IMPORTED = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
NEVER_CALLED = {"__import__", "compile", "eval", "exec"}
NEVER_REACHED = {"os.popen", "os.system", "torch.load", "torch.save", "subprocess.getoutput"}


def _forbidden(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [getattr(node, "module", None) or ""] + [alias.name for alias in node.names]
            yield from {name.split(".")[0] for name in names} & NEVER_IMPORTED
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in NEVER_REACHED:
            yield ast.unparse(node)
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in NEVER_CALLED:
                yield node.func.id
            for word in node.keywords:
                if word.arg in {"shell", "allow_pickle"} and ast.unparse(word.value) != "False":
                    yield word.arg


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_nothing_that_is_read_is_run(path: Path) -> None:
    assert list(_forbidden(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "line",
    [
        "import pickle", "from joblib import load", "eval(text)", "exec(text)", "torch.load(path)", "os.system(words)",
        "subprocess.run(words, shell=True)", "np.load(path, allow_pickle=True)",
    ],
)  # fmt: skip
def test_each_of_these_would_be_found(line: str) -> None:
    assert list(_forbidden(ast.parse(line)))


def test_the_rules_of_bandit_hold_for_all_of_the_source() -> None:
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    for_source = [rules for place, rules in lint["per-file-ignores"].items() if place.startswith("src")]
    assert not [rule for rules in [lint["ignore"], *for_source] for rule in rules if re.fullmatch(r"S\d*", rule)]


def test_only_https_is_ever_opened() -> None:
    schemes = {scheme for known in CATALOG.values() for scheme in re.findall(r"(\w+)://", repr(known))}
    assert schemes == {"https"}


@pytest.fixture
def at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    for name in [name for name in sys.modules if name.split(".")[0] == "supply"]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.usefixtures("at_root")
def test_the_page_of_licences_is_what_the_packages_say() -> None:
    from supply.licences import brought

    lines = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8").splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    page = {name: (licence, set(extras.split(", "))) for name, licence, extras in cells}
    packages = brought()
    assert {"numpy", "torch", "polars", "fastapi"} <= {package.name for package in packages}
    for package in packages:
        licence, extras = page[package.name]
        assert licence == package.licence, "make licences"
        assert set(package.extras or ["always"]) <= extras, "make licences"  # an extra may be missing here
        assert not re.search(r"\bA?GPL|not stated", package.licence.replace("LGPL", "")), package.row


@pytest.mark.usefixtures("at_root")
def test_an_audit_that_looked_nothing_up_is_none() -> None:
    from supply.audit import verdict

    skipped = {"name": "numpy", "skip_reason": "not found"}
    sound = {"name": "scipy", "version": "1.17.1", "vulns": []}
    faulty = {"name": "pillow", "version": "1.0", "vulns": [{"id": "CVE-1", "fix_versions": ["2.0"]}]}
    assert verdict({"dependencies": [skipped]}) == (
        ["not audited: PyPI answered for no package (offline, or a mirror without records)"],
        1,
    )
    assert verdict({"dependencies": [sound]}) == (["1 of 1 packages audited, 0 known vulnerabilities"], 0)
    assert verdict({"dependencies": [sound, skipped]}) == (
        ["not audited: numpy", "1 of 2 packages audited, 0 known vulnerabilities"],
        1,
    )
    assert verdict({"dependencies": [sound, faulty]})[0][0] == "pillow 1.0: CVE-1, mended in 2.0"
    assert verdict({"dependencies": [sound, faulty]})[1] == 1
