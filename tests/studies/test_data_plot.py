from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tastegraph.data.load import load
from tastegraph.data.summary import summarise
from tastegraph.errors import DataError
from tastegraph.studies.data_plot import check_plot, draw_summary

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("ending", "magic"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_a_plot_is_a_file_of_its_kind(ratings_csv: Path, tmp_path: Path, ending: str, magic: bytes) -> None:
    path = tmp_path / f"plot.{ending}"
    draw_summary(summarise(load(str(ratings_csv)), 3.0), path)
    assert path.read_bytes().startswith(magic)


def test_data_without_ratings_is_drawn_without_them(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("user,item\na,x\n", encoding="utf-8")
    draw_summary(summarise(load(str(tmp_path / "r.csv"))), tmp_path / "plot.svg")
    assert "interactions of a user" in (tmp_path / "plot.svg").read_text(encoding="utf-8")


def test_a_place_that_cannot_be_drawn_to_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"plot.gif: expected a name that ends in .svg, .png, .pdf"):
        check_plot(tmp_path / "plot.gif")
    with pytest.raises(DataError, match="its folder is not there"):
        check_plot(tmp_path / "gone" / "plot.svg")
