"""`tastegraph export`: a saved model for other tools."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Form", "export"]


class Form(StrEnum):
    """What is written."""

    numpy = "numpy"
    parquet = "parquet"
    projector = "projector"
    onnx = "onnx"


def export(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    *,
    out: Annotated[Path, typer.Option(help="The folder to make.")],
    form: Annotated[
        Form,
        typer.Option(
            "--format",
            "--form",
            help="NumPy arrays, Parquet tables, a folder for TensorBoard's projector, ONNX graphs.",
        ),
    ] = Form.parquet,
) -> None:
    """Embeddings of users and items, whose inner products are the scores, or the scoring itself, for other tools."""
    from tastegraph.serving.export import export as write
    from tastegraph.serving.recommender import Recommender

    recommender = Recommender.load(run)
    write(recommender.model, recommender.names, out, form.value)
    typer.echo(f"{'scoring' if form is Form.onnx else 'embeddings'}: {out}")
