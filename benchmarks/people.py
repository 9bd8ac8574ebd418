"""Records of the measurements that lists for people are judged by, and the tables of `docs/recommend.md` made of them.

`python -m benchmarks.people` makes the tables anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.disturbance import Disturbance
from tastegraph.studies.benchmarks import write_into as write_between
from tastegraph.studies.environment import describe_environment
from tastegraph.studies.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic import JsonValue

__all__ = ["RESULTS", "record", "table_of", "write_into"]

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "people"
PAGE = HERE.parent / "docs" / "recommend.md"
CASES = ("folding", "reordering", "surprise", "indexing", "serving")


def record(case: str, on: str, command: str, measure: Callable[[], JsonValue], folder: Path = RESULTS) -> Path:
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


def table_of(case: str) -> str:
    """A case's table, a column (or, of `reordering`, a table) for each data set, and what it was measured on."""
    records = [json.loads(path.read_text("utf-8")) for path in sorted(RESULTS.glob(f"{case}-*.json"))]
    machine, busiest = records[0]["machine"], max(said["others"] for said in records)
    commands = ", ".join(dict.fromkeys(f"`{said['command']}`" for said in records))
    told = f"{commands}; {machine['processor']}, {machine['cores']} cores"
    if case in {"serving", "indexing"}:
        told += f", of which other programs took up to {busiest:.0%} meanwhile"
    heading, *rows = _reordering(records) if case == "reordering" else _side_by_side(case, records)
    rule = ["---"] + ["---:"] * (len(heading) - 1)
    return "\n".join([f"{told}:", "", *("| " + " | ".join(cells) + " |" for cells in (heading, rule, *rows))])


def _reordering(records: Sequence[dict[str, Any]]) -> list[list[str]]:
    (said,) = records
    heading = list(said["figures"][0])
    return [heading] + [
        [f"{value:g}" if name in {"diversity", "discount"} else f"{value:.4f}" for name, value in row.items()]
        for row in said["figures"]
    ]


def _side_by_side(case: str, records: Sequence[dict[str, Any]]) -> list[list[str]]:
    table = [["", *(said["on"] for said in records)]]
    for name in records[0]["figures"]:
        cells = []
        for said in records:
            value, whole = said["figures"][name], said["figures"].get("retrained")
            cells.append(f"{value:.4f}" if isinstance(value, float) and case == "folding" else _cell(value))
            if case == "folding" and name != "retrained":
                cells[-1] += f" ({value / whole:.0%})"
        table.append([name, *cells])
    return table


def _cell(value: JsonValue) -> str:
    if isinstance(value, list):
        return " / ".join(_cell(part) for part in value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


def write_into(page: Path) -> None:
    """Put each case's table between the page's comments `CASE: begin` and `CASE: end`."""
    for case in CASES:
        write_between(page, table_of(case) + "\n", f"<!-- {case}: begin -->", f"<!-- {case}: end -->")


if __name__ == "__main__":
    write_into(PAGE)
