"""`tastegraph quickstart` as a new user runs it, on the real MovieLens 100K."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from pathlib import Path

    from tastegraph.data.dataset import Dataset


def test_it_ends_with_a_list_of_real_films_and_the_report(
    installed: Path, tmp_path: Path, movielens_100k: Dataset
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tastegraph", "quickstart", "--user", "1"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(installed)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "LightGCN is ahead of Popularity" in done.stdout
    assert "LightGCN is ahead of MF (K = 0)" in done.stdout
    assert "runs/quickstart/report.html" in done.stdout
    listed = re.findall(r"^ *\d+   (.+?)  +(\d{4})  ", done.stdout.partition("Guess You Love, user 1")[2], re.MULTILINE)
    assert movielens_100k.item_table is not None
    films = {(title, year): item for item, title, year, _ in movielens_100k.item_table.iter_rows()}
    rated = set(movielens_100k.interactions.to_frame().filter(pl.col("user") == 1)["item"])
    assert len(listed) == 10
    for title, year in listed:
        assert films[title, int(year)] not in rated
