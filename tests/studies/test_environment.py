from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tastegraph.studies.environment import describe_environment
from tastegraph.studies.recipe import Recipe

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_commit_is_called_dirty_for_changes_of_the_package_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "src" / "tastegraph"
    package.mkdir(parents=True)
    start, record = package / "__init__.py", tmp_path / "record.json"
    monkeypatch.setattr("tastegraph.__file__", str(start))

    def git(*words: str) -> str:
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        done = subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def told() -> object:
        return describe_environment(Recipe(), {})["commit"]

    start.write_text("", encoding="utf-8")
    assert told() is None
    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "all")
    record.write_text("{}", encoding="utf-8")
    assert told() == git("rev-parse", "HEAD")
    start.write_text("changed = True\n", encoding="utf-8")
    assert told() == f"{git('rev-parse', 'HEAD')}-dirty"
