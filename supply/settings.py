"""Every key of a recipe, by its table: what it takes, its default, and what its class's docstring says of it.

`make settings` puts them into docs/settings.md, between its two comments.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from tastegraph.baselines.models import BASELINES
from tastegraph.studies.fusions import FusionConfig
from tastegraph.studies.pages import write_into
from tastegraph.studies.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["BEGIN", "END", "tables"]

BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"
HEAD = ["| key | takes | default | |", "|---|---|---|---|"]
NOTHING = "null"  # what JSON schema calls a key that may be left out
WORDS = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true, false"}
LOWER, UPPER = ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")


def tables() -> str:
    """All of them: the recipe's own keys, those of its tables, those of the baselines and of fusions."""
    own = "\n".join(["## Beside the tables", "", *HEAD, *_rows(Recipe, "")])
    ours = [_titled(f"## `[{place}]`", kind, f"{place}.") for place, kind in _nested(Recipe)]
    theirs = [
        _titled(f"## `[models.{name}]`", type(model().config), f"models.{name}.") for name, model in BASELINES.items()
    ]
    of_several = _titled('## `[models."A+B"]`', FusionConfig, "models.A+B.")
    return "\n\n".join([*ours, own, *theirs, of_several]) + "\n"


def _nested(kind: type[BaseModel], place: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """The tables of a recipe, and theirs."""
    for name, field in kind.model_fields.items():
        if inspect.isclass(field.annotation) and issubclass(field.annotation, BaseModel):
            yield f"{place}{name}", field.annotation
            yield from _nested(field.annotation, f"{place}{name}.")


def _titled(heading: str, kind: type[BaseModel], place: str) -> str:
    sentence = (inspect.getdoc(kind) or "").partition("\n\n")[0]
    rows = list(_rows(kind, place))
    return "\n".join([heading, "", " ".join(sentence.split()), *(["", *HEAD, *rows] if rows else [])])


def _rows(kind: type[BaseModel], place: str) -> Iterator[str]:
    """A row a key that is no table.

    Raises:
        KeyError: the docstring leaves a key out.
    """
    told, schema = _attributes(kind), kind.model_json_schema()
    for name, about in schema.get("properties", {}).items():
        if "$ref" in about:
            continue
        default = about["default"]
        shown = "" if default is None else f"`{json.dumps(default)}`"
        yield f"| `{place}{name}` | {_takes(about)} | {shown} | {told[name]} |"


def _attributes(kind: type[BaseModel]) -> dict[str, str]:
    """What the section Attributes says of each; one entry may be of several."""
    section = (inspect.getdoc(kind) or "").partition("Attributes:\n")[2]
    entries = re.findall(r"^    ([\w, ]+): (.+(?:\n     .+)*)", section, re.MULTILINE)
    return {name: " ".join(text.split()).replace("|", "\\|") for names, text in entries for name in names.split(", ")}


def _takes(about: Mapping[str, Any]) -> str:
    """The values of a key, in words, by its JSON schema."""
    if "anyOf" in about:
        return " or ".join(_takes(one) for one in about["anyOf"] if one.get("type") != NOTHING)
    if choices := about.get("enum", [about["const"]] if "const" in about else []):
        return ", ".join(f"`{json.dumps(choice)}`" for choice in choices)
    if about["type"] == "array":
        return _list(about)
    if about["type"] == "object":
        return "tables"
    return WORDS[about["type"]] + _range(about)


def _list(about: Mapping[str, Any]) -> str:
    items = about.get("prefixItems")
    inner = _takes(items[0] if items else about["items"])
    return f"{len(items)} of: {inner}" if items else f"list of: {inner}"


def _range(about: Mapping[str, Any]) -> str:
    low, high = (next(((key, about[key]) for key in keys if key in about), None) for keys in (LOWER, UPPER))
    words = []
    if low is not None:
        words.append(f"{'above' if low[0].startswith('exclusive') else 'from'} {low[1]:g}")
    if high is not None:
        words.append(f"{'below' if high[0].startswith('exclusive') else 'to'} {high[1]:,.10g}")
    return f" {' '.join(words)}" if words else ""


if __name__ == "__main__":
    write_into(Path(sys.argv[1]), tables(), BEGIN, END)
