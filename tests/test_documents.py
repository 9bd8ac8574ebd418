"""Every block of README and docs, by its kind.

`sh` and `python` are run as written, a training cut to one epoch to keep it short. `toml` is read as a recipe. `text`
is what was printed, and commands that take too long or need what is not here: the command line parses those.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer

from tastegraph.studies.recipe import load_recipe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BESIDE_README = [ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MAIN = ROOT / "src" / "tastegraph" / "cli" / "main.py"
RUN_BY_TEST = {"sh", "python"}
NOT_RUN = {"text", "toml"}


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
    assert languages <= RUN_BY_TEST | NOT_RUN


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


@pytest.mark.parametrize("text", blocks("toml"), ids=lambda text: text.strip().splitlines()[0])
def test_toml_blocks_are_recipes(text: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    load_recipe(path)


PROGRAMS = ("tastegraph ", "python -m tastegraph", "python -m benchmarks")


def commands_among(lines: Iterable[str]) -> list[str]:
    """Those that are commands of ours, each once, without a prompt or a comment; what is cut short is left out."""
    found = [line.removeprefix("$ ").partition(" # ")[0].strip() for line in lines]
    return [line for line in dict.fromkeys(found) if line.startswith(PROGRAMS) and "..." not in line]


def parse(line: str) -> None:
    """What the command line does before it does anything."""
    words = shlex.split(line)
    words = words[2:] if words[0] == "python" else words
    module = {"tastegraph": "tastegraph.cli.main", "benchmarks": "benchmarks.__main__"}.get(words[0], words[0])
    app = getattr(import_module(module), "app", None)
    if app is None:  # it takes its arguments as they stand
        assert all((ROOT / word).exists() for word in words if word.startswith("recipes/")), line
        return
    command, rest = typer.main.get_command(app), words[1:]
    while rest and (commands := getattr(command, "commands", None)):
        command, rest = commands[rest[0]], rest[1:]
    if not hasattr(command, "commands"):
        command.make_context(line, rest)


@pytest.mark.parametrize("line", commands_among(line for text in blocks("text") for line in text.splitlines()))
def test_commands_that_are_not_run_are_parsed(line: str) -> None:
    """Commands and options are there, values are of their kinds; nothing is done."""
    parse(line)


def test_an_option_that_is_not_there_is_found() -> None:
    with pytest.raises(Exception, match="No such option: --recpie"), contextlib.suppress(typer.BadParameter):
        parse("tastegraph train --recpie gowalla")


def spans() -> Iterator[str]:
    """What stands between backticks within sentences and tables."""
    for page in PAGES:
        prose = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        yield from (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose))


@pytest.mark.parametrize("line", [line for line in commands_among(spans()) if "--help" not in line])
def test_commands_in_sentences_are_there_with_their_options(line: str) -> None:
    """A name stands for an argument, or an argument is left to the reader."""
    with contextlib.suppress(typer.BadParameter):
        parse(line)


def test_lines_for_python_run_in_a_checkout() -> None:
    """Those that have its prompt, and need more than what is installed."""
    lines = [line[4:] for text in blocks("text") for line in text.splitlines() if line.startswith(">>> ")]
    assert lines
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True, cwd=ROOT, capture_output=True)


@pytest.mark.parametrize("page", [*PAGES, *BESIDE_README], ids=lambda page: page.name)
def test_extras_that_are_named_are_there(page: Path) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    named = re.findall(r"tastegraph\[([a-z0-9,-]+)\]", page.read_text(encoding="utf-8"))
    assert {extra for names in named for extra in names.split(",")} <= extras.keys()


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
