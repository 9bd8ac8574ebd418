"""Sphinx settings; the command reference is made from the command line itself at each build."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import tastegraph

project = "TasteGraph"
copyright = "2026, the TasteGraph developers"  # noqa: A001 (Sphinx reads this name)
release = tastegraph.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = "TasteGraph"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
autodoc_typehints = "none"  # the docstrings give types and shapes
autodoc_member_order = "bysource"
napoleon_attr_annotations = False
nitpicky = False
exclude_patterns = ["_build"]
suppress_warnings = ["ref.python"]

PREFACE = "# Commands\n\nMade from `tastegraph --help` when these pages are built."
COMMANDS = Path(__file__).parent / "commands.md"


def _write_command_reference() -> None:
    command = [sys.executable, "-m", "typer", "tastegraph.cli.main", "utils", "docs", "--name", "tastegraph"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    text = done.stdout.replace("# `tastegraph`", PREFACE, 1)
    COMMANDS.write_text(text, encoding="utf-8")


_write_command_reference()
