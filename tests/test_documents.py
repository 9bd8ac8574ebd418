"""Every block of README and docs is run, as written; a training is cut to one epoch to keep it short."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BESIDE_README = [ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MAIN = ROOT / "src" / "tastegraph" / "cli" / "main.py"
RUN_BY_TEST = {"sh", "python"}
NOT_CODE = {"text", "toml"}  # recorded output, and recipes


def blocks(language: str) -> list[str]:
    """All blocks in a language, page after page."""
    return [
        body
        for page in PAGES
        if page.name != "commands.md"
        for lang, body in BLOCK.findall(page.read_text("utf-8"))
        if lang == language
    ]


def test_no_block_goes_unrun() -> None:
    languages = {
        lang for page in PAGES if page.name != "commands.md" for lang, _ in BLOCK.findall(page.read_text("utf-8"))
    }
    assert languages <= RUN_BY_TEST | NOT_CODE


@pytest.mark.parametrize("code", blocks("python"), ids=lambda code: code.strip().splitlines()[0])
def test_python_blocks_run(code: str, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Path]:
    """A folder to run lines in; a service that one of them has started and none has ended ends with it."""
    yield tmp_path
    for kept in tmp_path.glob("*.pid"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(kept.read_text(encoding="utf-8")), signal.SIGKILL)


def test_shell_blocks_run(workplace: Path) -> None:
    """In order and in one folder, as a reader would; `make` targets are looked up, since they run this very test."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    lines = [line for block in blocks("sh") for line in block.strip().splitlines()]
    assert len(lines) > 5
    for line in lines:
        if line.startswith("make "):
            assert re.search(rf"^{line.split()[1]}:", makefile, re.MULTILINE), line
            continue
        if "ml-1m" in line and not os.environ.get("TASTEGRAPH_DATA"):
            continue  # would be downloaded
        short = line
        if line.startswith(("tastegraph train", "tastegraph compare")):
            short += " --set training.epochs=1"
        done = subprocess.run(
            short, shell=True, cwd=workplace, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"


def anchors(page: Path) -> set[str]:
    """The places on a page, named by their headings as GitHub and MyST do it."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = (heading.lower() for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE))
    return {re.sub(r"[^\w -]", "", heading).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [*PAGES, *BESIDE_README], ids=lambda page: page.name)
def test_links_lead_to_files_and_places_that_are_there(page: Path) -> None:
    for file, _, place in re.findall(r"\]\((?!https?:)([^)#]*)(#([^)]+))?\)", page.read_text(encoding="utf-8")):
        target = page.parent / file if file else page
        assert target.exists(), file
        assert not place or place in anchors(target), f"{file}#{place}"


def test_promises_name_tests_that_are_there() -> None:
    """Each promise of docs/reliability.md is held by a test, which is looked up by its file and name."""
    held = re.findall(
        r"`(tests/[\w/]+\.py)::(\w+)` \|$", (ROOT / "docs" / "reliability.md").read_text("utf-8"), re.MULTILINE
    )
    assert len(held) >= 15
    for file, name in held:
        assert f"def {name}(" in (ROOT / file).read_text("utf-8"), name


def test_the_command_reference_has_every_command() -> None:
    """As `make docs` makes it, from the command line itself."""
    command = [sys.executable, "-m", "typer", "tastegraph.cli.main", "utils", "docs", "--name", "tastegraph"]
    page = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    named = re.findall(r'add_typer\([\w.]+, name="([\w-]+)"|app\.command\("([\w-]+)"', MAIN.read_text("utf-8"))
    commands = [group or single for group, single in named]
    assert len(commands) >= 13
    for name in commands:
        assert f"## `tastegraph {name}`" in page, name
    assert "--device" in page
