"""MLflow: a run's settings, figures and records on a tracking server."""

from __future__ import annotations

import json
import time
from functools import cached_property, partial
from typing import TYPE_CHECKING

from tastegraph.errors import StoppedError, needs_extra
from tastegraph.files import sha256_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlflow import MlflowClient

    from tastegraph.studies.recipe import Recipe

__all__ = ["MLflow"]

AT_ONCE = 100  # parameters that a server takes with one request
LONGEST = 6000  # letters of a parameter's value
RECORDS = ("result.json", "report.html", "recipe.toml")
RUN, DATA = "tastegraph.run", "tastegraph.data"  # tags: the digest of environment.json, digests of the data's files


class MLflow:
    """Tells a server: settings as parameters, digests as tags, figures as metrics, records as artifacts.

    A run that is gone on with is found again by its digest, and told only what it lacks. The server is first spoken to
    when a run begins.

    Args:
        address: of the server, or of a database, as MLflow has it.
        experiment: what runs stand under; made where it is missing.

    Raises:
        ModelError: the extra `mlflow` is missing.
    """

    name = "mlflow"

    def __init__(self, address: str, experiment: str) -> None:
        with needs_extra("--track mlflow", "mlflow"):
            from mlflow import MlflowClient

        self._client_of = partial(MlflowClient, address)
        self._experiment = experiment
        self._run: str | None = None
        self._told: dict[str, set[int]] = {}
        self._goes_on = False

    @cached_property
    def _client(self) -> MlflowClient:
        return self._client_of()

    def begin(self, folder: Path, recipe: Recipe) -> None:
        """Make the server's run, or find it."""
        experiment, digest = self._experiment_id(), sha256_of(folder / "environment.json")
        known = self._client.search_runs([experiment], f"tags.`{RUN}` = '{digest}'", max_results=1)
        if known:
            self._run, self._goes_on = known[0].info.run_id, True
            self._client.update_run(self._run, status="RUNNING")
            return
        data = json.loads((folder / "environment.json").read_text(encoding="utf-8"))["data"]
        tags = {RUN: digest, DATA: json.dumps(data)[:LONGEST]}
        name = folder.name.removesuffix(".unfinished")
        self._run = self._client.create_run(experiment, run_name=name, tags=tags).info.run_id
        self._settings(recipe)

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Figures of an epoch, but for those that the server has."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        lacking = [name for name in values if step not in self._steps(name)]
        metrics = [Metric(name, values[name], now, step) for name in lacking]
        if self._run is not None and metrics:
            self._client.log_batch(self._run, metrics=metrics)

    def finish(self, folder: Path, values: Mapping[str, float], step: int) -> None:
        """Figures of the test, and the records."""
        self.scalars(values, step)
        for name in RECORDS:
            self._client.log_artifact(self._run, str(folder / name))

    def end(self, error: BaseException | None) -> None:
        """Say how the run ended."""
        if self._run is not None:
            stopped = isinstance(error, (StoppedError, KeyboardInterrupt))
            status = "FINISHED" if error is None else "KILLED" if stopped else "FAILED"
            self._client.set_terminated(self._run, status)

    def _experiment_id(self) -> str:
        known = self._client.get_experiment_by_name(self._experiment)
        return str(known.experiment_id if known else self._client.create_experiment(self._experiment))

    def _settings(self, recipe: Recipe) -> None:
        from mlflow.entities import Param

        params = [Param(key, str(value)[:LONGEST]) for key, value in recipe.flat().items()]
        for first in range(0, len(params), AT_ONCE):
            self._client.log_batch(self._run, params=params[first : first + AT_ONCE])

    def _steps(self, name: str) -> set[int]:
        """The epochs whose figure the server has; asked once, and only where the run was there before."""
        if not self._goes_on:
            return set()
        if name not in self._told:
            history = self._client.get_metric_history(self._run, name)
            self._told[name] = {metric.step for metric in history}
        return self._told[name]
