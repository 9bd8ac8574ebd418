"""Faults that a fresh reader found: each stays mended."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
import zstandard

from tastegraph.data.load import load
from tastegraph.data.options import ReadOptions
from tastegraph.errors import DataError
from tastegraph.files import written_whole

if TYPE_CHECKING:
    from pathlib import Path


def test_a_zstandard_file_cut_anywhere_is_refused_and_frames_in_a_row_are_read(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).integers(1, 5000, (20_000, 2))
    text = "user,item\n" + "".join(f"{u},{i}\n" for u, i in rows)
    packed = zstandard.ZstdCompressor().compress(text.encode())
    path = tmp_path / "cut.csv.zst"
    for left in (len(packed) - 2, len(packed) // 2, 300):
        path.write_bytes(packed[:left])
        with pytest.raises(DataError, match=r"damaged zstd \(it ends too early\)"):
            load(str(path))
    half = len(text) // 2
    path.write_bytes(
        b"".join(zstandard.ZstdCompressor().compress(part.encode()) for part in (text[:half], text[half:]))
    )
    assert len(load(str(path)).interactions) == len(np.unique(rows, axis=0))


def _parts(tmp_path: Path, text: str) -> tuple[str, ReadOptions]:
    path = tmp_path / "parts.csv"
    path.write_text("user,item,set\n" + text, encoding="utf-8")
    return str(path), ReadOptions.model_validate({"columns": {"part": "set"}})


def test_a_pair_in_two_parts_of_a_part_column_is_refused(tmp_path: Path) -> None:
    path, reading = _parts(tmp_path, "a,x,train\nb,y,train\na,x,test\n")
    with pytest.raises(DataError, match="user a, item x is in two parts"):
        load(path, options=reading)


def test_a_feature_table_of_ids_alone_is_an_empty_table(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("user,item\nann,Alien\n", encoding="utf-8")
    (tmp_path / "films.csv").write_text("item\nAlien\n", encoding="utf-8")
    reading = ReadOptions.model_validate({"item_features": str(tmp_path / "films.csv")})
    table = load(str(tmp_path / "mine.csv"), options=reading).item_table
    assert table is not None
    assert table.columns == ["item"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110 (read before any import)
def test_a_full_disk_that_another_language_reports_is_an_error_of_the_system(tmp_path: Path) -> None:
    target = tmp_path / "x.parquet"
    with pytest.raises(OSError, match="No space left on device"), written_whole(target):
        pl.DataFrame({"a": range(100_000)}).write_parquet("/dev/full")
    assert list(tmp_path.iterdir()) == []
