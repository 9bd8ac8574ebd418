"""What goes into the source distribution and the wheel, built as for a release: the second from the first."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

import tastegraph

ROOT = Path(__file__).resolve().parents[1]
READ_BY_TESTS = {"README.md", "Makefile", "constraints.txt", "docs/scale.md", "benchmarks/results/tutorial/table.md"}


def build(target: str, tree: Path, into: Path) -> Path:
    """The one file that hatchling makes of a tree."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(into)]
    subprocess.run(command, cwd=tree, check=True, capture_output=True)
    return next(into.iterdir())


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of the source distribution."""
    archive = build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(archive) as parts:
        parts.extractall(folder, filter="data")
    return next(folder.iterdir())


@pytest.fixture(scope="module")
def wheel(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return zipfile.ZipFile(build("wheel", unpacked, tmp_path_factory.mktemp("wheel")))


def of_the_source(tree: Path) -> dict[str, bytes]:
    """The files of the package in a tree by name, compiled ones left out."""
    source = tree / "src"
    paths = (path for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(source).as_posix(): path.read_bytes() for path in paths}


def test_the_wheel_has_every_file_of_the_source_and_the_metadata(wheel: zipfile.ZipFile) -> None:
    about = f"tastegraph-{tastegraph.__version__}.dist-info/"
    held = {name: wheel.read(name) for name in wheel.namelist() if not name.startswith(about)}
    assert held == of_the_source(ROOT)
    assert {"tastegraph/py.typed", "tastegraph/recipes/ml-1m.toml", "tastegraph/studies/report.html.j2"} <= held.keys()
    rest = {name.removeprefix(about) for name in wheel.namelist() if name.startswith(about)}
    assert rest == {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    assert message_from_bytes(wheel.read(f"{about}METADATA"))["Version"] == tastegraph.__version__


def test_the_source_distribution_has_what_its_tests_read_and_nothing_made(unpacked: Path) -> None:
    held = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert of_the_source(unpacked) == of_the_source(ROOT)
    assert held >= READ_BY_TESTS | {"LICENSE", "CITATION.cff", "tests/test_distribution.py"}
    assert not {name for name in held if name.startswith((".venv", "build/", "runs/")) or "__pycache__" in name}
    assert not {
        name for name in held if name.endswith((".data", ".dat", ".item", ".inter", ".gz", ".zip", ".parquet", ".db"))
    }
