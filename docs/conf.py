"""Sphinx settings; the command reference is made from the command line itself at each build."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import latex2mathml.converter
from docutils import nodes

import tastegraph

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

project = "TasteGraph"
copyright = "2026, the TasteGraph developers"  # noqa: A001 (Sphinx reads this name)
release = tastegraph.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = "TasteGraph"
html_math_renderer = "mathml"
# ziamath is here for the font in it.
html_static_path = ["site.css", str(files("ziamath") / "fonts" / "STIXTwoMath-Regular.ttf")]
html_css_files = ["site.css"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
autodoc_typehints = "none"  # the docstrings give types and shapes
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
napoleon_attr_annotations = False
nitpicky = True  # a name in a docstring's section that leads nowhere fails the build
exclude_patterns = ["_build"]

PREFACE = "# Commands\n\nMade from `tastegraph --help` when these pages are built."
COMMANDS = Path(__file__).parent / "commands.md"


def _write_command_reference() -> None:
    command = [sys.executable, "-m", "typer", "tastegraph.cli.main", "utils", "docs", "--name", "tastegraph"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    COMMANDS.write_text(_with_whole_sentences(done.stdout).replace("# `tastegraph`", PREFACE, 1), encoding="utf-8")


def _with_whole_sentences(page: str) -> str:
    """The lists of commands with what each is for, where Typer cuts it short, and a link to the place that tells it."""
    about = dict(re.findall(r"^#+ `(tastegraph[\w -]*)`\n\n(.+)$", page, re.MULTILINE))

    def entry(found: re.Match[str]) -> str:
        path = f"{above} {found[1]}"
        return f"* [`{found[1]}`](#{path.replace(' ', '-')}): {about[path]}"

    parts = re.split(r"^(?=#+ `)", page, flags=re.MULTILINE)
    for number, part in enumerate(parts):
        head, _, commands = part.partition("**Commands**:\n")
        if commands:
            above = part.split("`")[1]
            parts[number] = f"{head}**Commands**:\n" + re.sub(
                r"^\* `([\w-]+)`: .*$", entry, commands, flags=re.MULTILINE
            )
    return "".join(parts)


_write_command_reference()


def _write_formula(page: HTML5Translator, node: nodes.math) -> None:
    page.body.append(latex2mathml.converter.convert(node.astext()))
    raise nodes.SkipNode


def _write_shown_formula(page: HTML5Translator, node: nodes.math_block) -> None:
    page.body.append(f'<div class="math">{latex2mathml.converter.convert(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Formulas become MathML, which browsers show by themselves: Sphinx's own way loads MathJax from the net."""
    app.add_html_math_renderer("mathml", (_write_formula, None), (_write_shown_formula, None))
