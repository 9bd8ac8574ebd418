"""The tables of docs/scale.md are those of the records in benchmarks/results/scale, and the model holds of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


def _of_benchmarks(expression: str) -> str:
    code = f"import json; from benchmarks.scale_tables import predictions, table_of; print({expression}, end='')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return done.stdout


@pytest.mark.parametrize("name", ["steps", "layers", "files", "plans"])
def test_the_docs_table_is_that_of_the_records(name: str) -> None:
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    table = _of_benchmarks(f"table_of({name!r})")
    assert f"<!-- {name}: begin -->\n\n{table}\n\n<!-- {name}: end -->" in page


def test_steps_and_memory_are_predicted_within_thirty_percent() -> None:
    found: list[dict[str, Any]] = json.loads(_of_benchmarks("json.dumps(predictions())"))
    assert {100_000, 1_000_000, 10_000_000} <= {round(one["edges"], -len(str(one["edges"])) + 1) for one in found}
    for one in found:
        assert 0.7 <= one["predicted"] / one["measured"] <= 1.3, one
        assert 0.7 <= one["predicted_kept"] / one["kept"] <= 1.3, one
