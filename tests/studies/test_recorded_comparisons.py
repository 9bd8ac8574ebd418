from __future__ import annotations

import json
from pathlib import Path

import pytest

from tastegraph.studies.comparison_tables import to_markdown, verdicts_of

ROOT = Path(__file__).parents[2]
RECORDS = sorted((ROOT / "benchmarks" / "results" / "comparisons").glob("*.json"))


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_the_docs_table_is_that_of_the_record(record: Path) -> None:
    result = json.loads(record.read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    assert to_markdown(result) in page
    assert all(f"- {line}" in page for line in verdicts_of(result))


def test_there_are_records_of_five_seeds() -> None:
    results = [json.loads(path.read_text(encoding="utf-8")) for path in RECORDS]
    assert {result["data"]["name"] for result in results} == {"ml-100k", "ml-1m"}
    assert all(result["seeds"] == 5 for result in results)
