from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tastegraph.data.estimated_rows import estimated_rows

if TYPE_CHECKING:
    from pathlib import Path


def test_parquet_says_how_many_rows_it_has_and_a_text_about(tmp_path: Path) -> None:
    table = pl.DataFrame({"user": range(200_000), "item": [n % 999 for n in range(200_000)]})
    table.write_parquet(tmp_path / "a.parquet")
    table.write_csv(tmp_path / "a.csv")
    assert estimated_rows(tmp_path / "a.parquet") == 200_000
    assert estimated_rows(tmp_path / "a.csv") == pytest.approx(200_000, rel=0.1)


def test_what_cannot_be_told_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"user,item\n" + b"1,2\n" * 1000))
    (tmp_path / "damaged.parquet").write_bytes(b"PAR1 is how it begins\n")
    (tmp_path / "empty").touch()
    for path in (*tmp_path.iterdir(), tmp_path, tmp_path / "none", tmp_path / ("long" * 100)):
        assert estimated_rows(path) is None
