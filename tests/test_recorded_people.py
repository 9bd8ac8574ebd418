"""The tables of docs/recommend.md are those of the records in benchmarks/results/people."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CASES = ("folding", "reordering", "surprise", "indexing", "serving")


@pytest.mark.parametrize("case", CASES)
def test_the_docs_table_is_that_of_the_records(case: str) -> None:
    code = f"from benchmarks.people import table_of; print(table_of({case!r}), end='')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    page = (ROOT / "docs" / "recommend.md").read_text(encoding="utf-8")
    assert f"<!-- {case}: begin -->\n\n{done.stdout}\n\n<!-- {case}: end -->" in page
    assert page.count(f"<!-- {case}: begin -->") == 1
