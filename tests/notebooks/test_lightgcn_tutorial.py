from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from nbformat import NotebookNode

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "lightgcn_tutorial.ipynb"


def _outputs(notebook: NotebookNode, kind: str) -> list[str]:
    found = [output for cell in notebook.cells for output in cell.get("outputs", ()) if "data" in output]
    return [output["data"][kind] for output in found if kind in output["data"]]


@pytest.mark.usefixtures("movielens_100k")
def test_the_notebook_runs_from_ratings_to_a_list(tmp_path: Path) -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)  # outputs are not kept: they would not stay true
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert len(_outputs(notebook, "image/png")) == 4
    table = next(text for text in _outputs(notebook, "text/plain") if "ndcg@10" in text)
    figures = dict(re.findall(r"│ (popularity|K = 0|K = 3)[^┆]*┆.*?┆.*?┆.*?┆ (0\.\d+)", table))
    assert float(figures["K = 3"]) > float(figures["popularity"])
    last = _outputs(notebook, "text/plain")[-1]
    assert "shape: (10, 3)" in last
