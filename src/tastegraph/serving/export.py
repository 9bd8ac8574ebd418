"""A saved model for other tools: NumPy arrays, Parquet tables, a folder for TensorBoard's projector, ONNX graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from tastegraph.errors import RunError
from tastegraph.files import write_whole, written_whole
from tastegraph.serving.onnx_export import export_onnx

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tastegraph.saved_model import SavedModel
    from tastegraph.serving.names import ItemNames

__all__ = ["FORMS", "Form", "export"]

Form = Literal["numpy", "parquet", "projector", "onnx"]
FORMS: tuple[Form, ...] = ("numpy", "parquet", "projector", "onnx")
PROJECTOR = 'embeddings {\n  tensor_path: "items.tsv"\n  metadata_path: "items-metadata.tsv"\n}\n'


def export(model: SavedModel, names: ItemNames, folder: Path, form: Form) -> None:
    """Write users' and items' rows, whose inner products are the scores, in index order.

    - "numpy": users.npy and items.npy, float32 [n, d or d + 1], and ids in users.csv and items.csv, a row each;
    - "parquet": users.parquet and items.parquet, ids, what is known of items, and `embedding`, a list of float32;
    - "projector": the items without a popularity prior, for TensorBoard: items.tsv, items-metadata.tsv and
      projector_config.pbtxt;
    - "onnx": the scoring itself (see `export_onnx`), ids in users.csv and items.csv.

    Args:
        model: whose embeddings.
        names: of its items.
        folder: is made; it must not be there, or be empty.
        form: which.

    Raises:
        RunError: the folder is in the way.
        ModelError: a package that ONNX needs is not there.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder}: exists already; expected a folder that is empty or yet to be made")
    folder.mkdir(parents=True, exist_ok=True)
    sides = {
        "users": (pl.DataFrame({"user": model.users.ids}), model.e_users),
        "items": (model.item_table, model.e_items),
    }
    if form == "projector":
        _export_projector(model, names, folder)
        return
    if form == "onnx":
        export_onnx(model, folder)
    for side, (table, rows) in sides.items():
        if form == "numpy":
            with written_whole(folder / f"{side}.npy") as aside, aside.open("wb") as file:
                np.save(file, rows, allow_pickle=False)
        if form in {"numpy", "onnx"}:
            with written_whole(folder / f"{side}.csv") as aside:
                table.select(pl.nth(0)).write_csv(aside)
        else:
            with written_whole(folder / f"{side}.parquet") as aside:
                embedding = pl.Series("embedding", rows).cast(pl.List(pl.Float32))
                table.with_columns(embedding).write_parquet(aside)


def _export_projector(model: SavedModel, names: ItemNames, folder: Path) -> None:
    with written_whole(folder / "items.tsv") as aside, aside.open("w", encoding="utf-8") as file:
        np.savetxt(file, model.e_items[:, : model.width], fmt="%.6g", delimiter="\t")
    write_whole(folder / "items-metadata.tsv", "\n".join(_metadata(model, names)) + "\n")
    write_whole(folder / "projector_config.pbtxt", PROJECTOR)


def _metadata(model: SavedModel, names: ItemNames) -> Iterator[str]:
    """A header, then a line an item: its name, id, genres and users; no tabs or line ends within."""
    yield "name\titem\tgenres\tusers"
    for index, users in enumerate(model.popularity.tolist()):
        film = names.film(index)
        cells = (names.called(index), film["item"], ", ".join(film["genres"] or ()), users)
        yield "\t".join(" ".join(str(cell).split()) for cell in cells)
