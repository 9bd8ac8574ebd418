"""`--track`: which tools are told of a training."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tastegraph.studies.tracking import Tracker

__all__ = ["trackers_of"]

# A server that does not answer holds a training up once, for ten seconds; MLflow itself would try for minutes. What
# the user has set stands. It neither tells its makers of its use nor prints addresses among what a command answers.
MLFLOW = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def trackers_of(words: Iterable[str]) -> list[Tracker]:
    """The trackers that `--track` names, in order, each once.

    Raises:
        BadParameter: a word names none, or an address is missing.
        ModelError: an extra is missing.
    """
    return [_tracker_of(word) for word in dict.fromkeys(words)]


def _tracker_of(word: str) -> Tracker:
    name, _, address = word.partition("=")
    if word == "tensorboard":
        from tastegraph.studies.tensorboard_events import TensorBoard

        return TensorBoard()
    if name != "mlflow":
        raise typer.BadParameter(f"expected tensorboard, mlflow or mlflow=URI, found {word!r}", param_hint="--track")
    address = address or os.environ.get("MLFLOW_TRACKING_URI", "")
    if not address:
        raise typer.BadParameter("mlflow needs an address: mlflow=URI, or MLFLOW_TRACKING_URI", param_hint="--track")
    for setting, value in MLFLOW.items():
        os.environ.setdefault(setting, value)

    from tastegraph.studies.mlflow_run import MLflow

    return MLflow(address, os.environ.get("MLFLOW_EXPERIMENT_NAME") or "tastegraph")
