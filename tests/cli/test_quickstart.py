"""`tastegraph quickstart` as a new user runs it, on the real MovieLens 100K."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_it_ends_with_a_list_of_real_films_and_the_report(
    installed: Path, tmp_path: Path, real_data: Callable[[str], Path]
) -> None:
    real_data("ml-100k")
    done = subprocess.run(
        [sys.executable, "-m", "tastegraph", "quickstart", "--user", "1"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(installed)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "LightGCN is ahead of Popularity" in done.stdout
    assert "LightGCN is ahead of MF (K = 0)" in done.stdout
    assert "runs/quickstart/report.html" in done.stdout
    listed = re.findall(r"^ *\d+   (.+?)  +(\d{4})  ", done.stdout.partition("Guess You Love, user 1")[2], re.MULTILINE)
    films = {}
    for line in (real_data("ml-100k") / "u.item").read_text(encoding="latin-1").splitlines():
        item, title = line.split("|")[:2]
        films[title] = item
    rated = {
        line.split("\t")[1]
        for line in (real_data("ml-100k") / "u.data").read_text(encoding="ascii").splitlines()
        if line.split("\t")[0] == "1"
    }
    assert len(listed) == 10
    for title, year in listed:
        assert films[f"{title} ({year})"] not in rated
