from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from tastegraph.errors import RunError
from tastegraph.serving.export import FORMS, export
from tastegraph.serving.names import ItemNames

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Small


def test_what_is_exported_is_what_is_saved(small: Small, tmp_path: Path) -> None:
    model, names = small.saved, ItemNames(small.saved)
    for form in FORMS:
        export(model, names, tmp_path / form, form)
    assert np.array_equal(np.load(tmp_path / "numpy" / "users.npy"), model.e_users)
    assert np.array_equal(np.load(tmp_path / "numpy" / "items.npy"), model.e_items)
    assert pl.read_csv(tmp_path / "numpy" / "items.csv")["item"].to_list() == model.items.ids.to_list()
    table = pl.read_parquet(tmp_path / "parquet" / "items.parquet")
    assert table.columns == ["item", "title", "year", "genres", "embedding"]
    assert np.array_equal(np.stack(table["embedding"].to_list()), model.e_items)
    users = pl.read_parquet(tmp_path / "parquet" / "users.parquet")
    assert np.array_equal(np.stack(users["embedding"].to_list()), model.e_users)
    vectors = np.loadtxt(tmp_path / "projector" / "items.tsv", delimiter="\t")
    np.testing.assert_allclose(vectors, model.e_items[:, :4], rtol=1e-5)
    lines = (tmp_path / "projector" / "items-metadata.tsv").read_text("utf-8").splitlines()
    assert len(lines) == 10
    assert lines[1] == f"Alien (1979)\t10\tSci-Fi\t{small.adjacency[:, 0].sum()}"


def test_a_folder_in_the_way_is_left_alone(small: Small, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(RunError, match="exists already"):
        export(small.saved, ItemNames(small.saved), tmp_path, "numpy")
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]
