"""The tables of `docs/recommend.md`, made of the records of what lists for people are judged by.

`python -m benchmarks.people` makes the tables anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.kept import made_by, markdown_table, read_kept
from tastegraph.studies.pages import write_into as write_between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import JsonValue

__all__ = ["RESULTS", "table_of", "write_into"]

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "people"
PAGE = HERE.parent / "docs" / "recommend.md"
CASES = ("folding", "reordering", "surprise", "indexing", "serving")
TIMED = ("indexing", "serving")


def table_of(case: str) -> str:
    """A case's table, a column (or, of `reordering`, a table) for each data set, and what it was measured on."""
    records = read_kept(RESULTS, case)
    told = made_by(records, timed=case in TIMED)
    heading, *rows = _reordering(records) if case == "reordering" else _side_by_side(case, records)
    return "\n".join([told, "", markdown_table(heading, rows)])


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
