"""Records of measurements, a JSON file each, and what the tables made of them have in common."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks.disturbance import Disturbance
from tastegraph.studies.environment import describe_environment
from tastegraph.studies.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pydantic import JsonValue

__all__ = ["machine_of", "made_by", "markdown_table", "read_kept", "record"]


def record(case: str, on: str, command: str, measure: Callable[[], JsonValue], folder: Path) -> Path:
    """Measure, and keep what came of it with the machine, the versions and how far others kept the processors busy."""
    disturbance = Disturbance()
    figures = measure()
    here = describe_environment(Recipe(), {})
    said = {
        "schema": 1, "case": case, "on": on, "command": command, "figures": figures, "others": disturbance.share(),
        "machine": here["machine"], "versions": {name: here[name] for name in ("tastegraph", "commit", "python")},
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{case}-{on}.json"
    path.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    return path


def read_kept(folder: Path, case: str) -> list[dict[str, Any]]:
    """A case's records in the order of their names."""
    return [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob(f"{case}-*.json"))]


def made_by(records: Sequence[Mapping[str, Any]], *, timed: bool = True) -> str:
    """The line over a table: what its records were made by, each command once, and on what."""
    commands = ", ".join(dict.fromkeys(f"`{said['command']}`" for said in records))
    return f"{commands}; {machine_of(records, timed=timed)}:"


def machine_of(records: Sequence[Mapping[str, Any]], *, timed: bool = True) -> str:
    """What the records were made on; of times also how busy others kept it at worst."""
    machine, busiest = records[0]["machine"], max(said["others"] for said in records)
    others = f", of which other programs took up to {busiest:.0%}" if timed and busiest >= 0.005 else ""
    return f"{machine['processor']}, {machine['cores']} cores{others}"


def markdown_table(heading: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """Of cells; the first `left` columns are words, the others are numbers."""
    rule = ["---"] * left + ["---:"] * (len(heading) - left)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (heading, rule, *rows))
