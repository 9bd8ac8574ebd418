"""The benchmark suite runs from the command line and keeps what it promises: no figure is judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = "before\n<!-- benchmarks: begin -->\nold\n<!-- benchmarks: end -->\nafter\n"


def benchmarks(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("results")
    done = benchmarks("negatives", "--quick", "--out", str(path))
    assert done.returncode == 0, done.stderr
    assert "textbook" in done.stdout
    assert "Its figures and ratios mean nothing." in done.stdout
    assert "no verdict (quick run): " in done.stdout
    assert "MISSED" not in done.stdout
    assert "met: " not in done.stdout
    return path


def test_a_case_records_rows_targets_machine_versions_and_the_command_that_repeats_it(folder: Path) -> None:
    result = json.loads((folder / "negatives.json").read_text(encoding="utf-8"))
    assert result["command"] == "python -m benchmarks negatives --quick"
    assert {"processor", "cores", "threads"} <= result["machine"].keys()
    assert {"torch", "numpy", "numba", "python", "tastegraph"} <= result["versions"].keys()
    rows = {row["name"]: row for row in result["rows"]}
    assert rows["ours"]["ratio_to_ours"] == 1
    for row in rows.values():
        assert 0 < row["min"] <= row["median"] <= row["max"]
        assert row["unit"] == "ms"
        assert row["ratio_to_ours"] == pytest.approx(row["median"] / rows["ours"]["median"])
    for target in result["targets"]:
        assert target["met"] == (target["measured"] >= target["bound"])


def test_the_table_replaces_only_what_stands_between_the_comments(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "speed.md"
    page.write_text(PAGE, encoding="utf-8")
    done = benchmarks("table", "--out", str(folder), "--page", str(page))
    assert done.returncode == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "| negatives | times faster than the textbook's sampler | ≥ 50.0 |" in text


def test_an_unknown_case_is_wrong_usage_that_names_the_cases() -> None:
    done = benchmarks("propagate")
    assert done.returncode == 2
    assert "propagation" in done.stderr
