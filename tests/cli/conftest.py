"""The command as a user has it: installed from a built package, run in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the package is installed into, away from the source tree."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--target", str(folder), str(ROOT)], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that commands run in."""
    return tmp_path_factory.mktemp("workplace")


@pytest.fixture(scope="session")
def tastegraph(installed: Path, workplace: Path) -> Command:
    """Runs `tastegraph WORDS` and checks its exit code, and that it never shows a traceback."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"TASTEGRAPH_DATA", "TASTEGRAPH_CACHE", "COLUMNS"}
    } | {"PYTHONPATH": str(installed), "TASTEGRAPH_CACHE": str(workplace / "cache")}

    def run(*words: str, code: int = 0, columns: int | None = None) -> subprocess.CompletedProcess[str]:
        width = {} if columns is None else {"COLUMNS": str(columns)}
        done = subprocess.run(
            [sys.executable, "-m", "tastegraph", *words],
            cwd=workplace, env=environment | width, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        assert "Warning" not in done.stderr
        return done

    return run
