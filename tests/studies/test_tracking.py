"""What trackers are told, read back by the tools' own readers; and that nothing they do shows in a training."""

from __future__ import annotations

import json
import signal
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import pytest
import typer

from tastegraph.cli.tracking import trackers_of
from tastegraph.data.load import load
from tastegraph.errors import ModelError, StoppedError
from tastegraph.saved_model import SavedModel
from tastegraph.studies.checkpoints import Often
from tastegraph.studies.recipe import Recipe, load_recipe
from tastegraph.studies.run import Keeping, Prepared, resume, run
from tastegraph.studies.tracking import Tracked, scalars_of_test
from tastegraph.studies.trial import Trial
from tastegraph.studies.watcher import Silent

from .mlflow_server import MLflowServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tastegraph.lightgcn.checkpoint import Epoch
    from tastegraph.studies.tracking import Tracker

EPOCHS = 3
SMALL = [
    f"training.epochs={EPOCHS}",
    "training.batch_size=128",
    "model.embedding_dim=8",
    "training.schedule=cosine",
    'baselines=["mf"]',
]


class After(Silent):
    """Does something after an epoch."""

    def __init__(self, epoch: int, deed: Callable[[], None]) -> None:
        self._epoch, self._deed = epoch, deed

    def epoch(self, record: Epoch) -> None:
        if record.epoch == self._epoch:
            self._deed()


class Failing:
    """A tracker that fails in one of its methods."""

    name = "failing"

    def __init__(self, method: str) -> None:
        self._method = method

    def _called(self, method: str) -> None:
        if method == self._method:
            raise OSError(f"no\nroute in {method}")

    def begin(self, folder: Path, recipe: Recipe) -> None:
        self._called("begin")

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self._called("scalars")

    def finish(self, folder: Path, values: Mapping[str, float], step: int) -> None:
        self._called("finish")

    def end(self, error: BaseException | None) -> None:
        self._called("end")


def _recipe(data: Path) -> Recipe:
    return load_recipe(None, SMALL, str(data))


def _tracked(
    data: Path, out: Path, trackers: list[Tracker], beside: Silent | None = None, **options: Any
) -> tuple[dict[str, Any], list[str]]:
    """The result of a run that trackers are told of, and what was said of them."""
    said: list[str] = []
    with Tracked(beside or Silent(), trackers, out, said.append) as watcher:
        result = run(_recipe(data), load(str(data)), out, watcher, **options)
        watcher.finish(result)
    return result, said


def _stopped_and_resumed(data: Path, out: Path, trackers_of_a_sitting: Callable[[], list[Tracker]]) -> None:
    """The same in two sittings: stopped by a signal within the third epoch, then gone on with."""
    keeping = Keeping(Often(minutes=0))
    stopping = After(2, lambda: keeping.stop._hear(signal.SIGTERM, None))
    with pytest.raises(StoppedError), Tracked(stopping, trackers_of_a_sitting(), out, pytest.fail) as watcher:
        run(_recipe(data), load(str(data)), out, watcher, keeping=keeping)

    def prepare(recipe: Recipe) -> Prepared:
        dataset = load(recipe.data.source)
        return Prepared(dataset, Trial.of(dataset, recipe))

    with Tracked(Silent(), trackers_of_a_sitting(), out, pytest.fail) as watcher:
        result = resume(out, prepare, watcher)
        assert result is not None
        watcher.finish(result)


def _told(out: Path) -> dict[str, list[tuple[int, float]]]:
    """What a tracker ought to have been told: LightGCN's lines of metrics.jsonl, and the test of result.json."""
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    result = json.loads((out / "result.json").read_text())
    told = {"loss": [(line["epoch"], line["loss"]) for line in lines]}
    for name in lines[-1]["validation"]:
        plain = f"validation/{name.replace('@', '_at_')}"
        told[plain] = [(line["epoch"], line["validation"][name]) for line in lines if name in line["validation"]]
    tested = scalars_of_test(result)
    assert tested["test/ndcg_at_10"] == result["metrics"]["test"]["ndcg@10"]
    assert tested["mf/test/ndcg_at_10"] == result["baselines"]["mf"]["metrics"]["test"]["ndcg@10"]
    return told | {name: [(result["best_epoch"], value)] for name, value in tested.items()}


def _outcome(result: Mapping[str, Any], out: Path) -> tuple[object, ...]:
    model = SavedModel.load(out / "model")
    return result["metrics"], result["best_epoch"], model.e_users.tobytes(), model.e_items.tobytes()


def _events(out: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard reads in a run's folder."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    read = accumulator.EventAccumulator(str(out / "tensorboard"))
    read.Reload()
    return {name: [(e.step, e.value) for e in read.Scalars(name)] for name in read.Tags()["scalars"]}


def _assert_told(found: Mapping[str, list[tuple[int, float]]], out: Path) -> None:
    for name, values in _told(out).items():
        assert [step for step, _ in found[name]] == [step for step, _ in values], name
        assert [value for _, value in found[name]] == pytest.approx([value for _, value in values], rel=1e-6), name
    assert [value for _, value in found["learning_rate"]] == pytest.approx([0.01, 0.0075, 0.0025])
    assert len(found["mf/loss"]) == EPOCHS


def test_tensorboard_reads_what_a_run_came_to_and_it_came_to_no_other(ratings_csv: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    plain = run(_recipe(ratings_csv), load(str(ratings_csv)), tmp_path / "plain", Silent())
    result, said = _tracked(ratings_csv, tmp_path / "run", trackers_of(["tensorboard"]))
    assert said == []
    assert _outcome(result, tmp_path / "run") == _outcome(plain, tmp_path / "plain")
    _assert_told(_events(tmp_path / "run"), tmp_path / "run")
    _tracked(ratings_csv, tmp_path / "run", trackers_of(["tensorboard"]), force=True)  # written beside, then moved
    _assert_told(_events(tmp_path / "run"), tmp_path / "run")


def test_tensorboard_reads_each_epoch_of_two_sittings_once(ratings_csv: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    _stopped_and_resumed(ratings_csv, tmp_path / "run", lambda: trackers_of(["tensorboard"]))
    _assert_told(_events(tmp_path / "run"), tmp_path / "run")


@pytest.mark.parametrize("method", ["begin", "scalars", "finish", "end"])
def test_a_tracker_that_fails_is_one_line_and_does_not_show(method: str, ratings_csv: Path, tmp_path: Path) -> None:
    plain = run(_recipe(ratings_csv), load(str(ratings_csv)), tmp_path / "plain", Silent())
    result, said = _tracked(ratings_csv, tmp_path / "run", [Failing(method)])
    assert said == [f"--track failing: no route in {method}; the run goes on without it"]
    assert _outcome(result, tmp_path / "run") == _outcome(plain, tmp_path / "plain")


def test_trackers_that_cannot_be_are_refused_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(typer.BadParameter, match="expected tensorboard, mlflow or mlflow=URI, found 'wandb'"):
        trackers_of(["wandb"])
    with pytest.raises(typer.BadParameter, match="mlflow needs an address: mlflow=URI, or MLFLOW_TRACKING_URI"):
        trackers_of(["mlflow"])
    for word, package in (("tensorboard", "tensorboard"), ("mlflow=http://127.0.0.1:1", "mlflow")):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(ModelError, match=rf'needs {package}, of the extra "{package}": pip install'):
            trackers_of([word])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflowServer]:
    try:
        version("mlflow")  # the client alone is mlflow-skinny
    except PackageNotFoundError:
        pytest.skip("the package mlflow, which has the server, is not installed")
    made = MLflowServer(tmp_path_factory.mktemp("mlflow"))
    yield made
    made.kill()


def _on_server(address: str, name: str) -> tuple[Any, dict[str, list[tuple[int, float]]]]:
    """The one run of a name on a server, and its metrics."""
    from mlflow import MlflowClient

    client = MlflowClient(address)
    experiment = client.get_experiment_by_name("tastegraph")
    [found] = client.search_runs([experiment.experiment_id], f"attributes.run_name = '{name}'")
    histories = {key: client.get_metric_history(found.info.run_id, key) for key in found.data.metrics}
    metrics = {key: sorted((metric.step, metric.value) for metric in history) for key, history in histories.items()}
    return found, metrics


def test_mlflow_has_a_runs_settings_figures_and_records(
    server: MLflowServer, ratings_csv: Path, tmp_path: Path
) -> None:
    address = server.up()
    out = tmp_path / "whole"
    _, said = _tracked(ratings_csv, out, trackers_of([f"mlflow={address}"]))
    assert said == []
    found, metrics = _on_server(address, "whole")
    _assert_told(metrics, out)
    assert found.info.status == "FINISHED"
    assert found.data.params["model.embedding_dim"] == "8"
    assert found.data.params.keys() == _recipe(ratings_csv).flat().keys()
    digests = json.loads((out / "environment.json").read_text())["data"]
    assert json.loads(found.data.tags["tastegraph.data"]) == digests
    kept = {path.name: path for path in (server.folder / "artifacts").rglob("*") if path.is_file()}
    assert {name: path.read_bytes() for name, path in kept.items()} == {
        name: (out / name).read_bytes() for name in ("result.json", "report.html", "recipe.toml")
    }


def test_mlflow_has_two_sittings_as_one_run_with_each_epoch_once(
    server: MLflowServer, ratings_csv: Path, tmp_path: Path
) -> None:
    address = server.up()
    _stopped_and_resumed(ratings_csv, tmp_path / "sittings", lambda: trackers_of([f"mlflow={address}"]))
    found, metrics = _on_server(address, "sittings")
    _assert_told(metrics, tmp_path / "sittings")
    assert found.info.status == "FINISHED"


@pytest.mark.parametrize("address", ["nonsense://x", "http://[bad", "file:///proc/nowhere/x"])
def test_an_address_that_is_none_is_one_line_as_well(address: str, ratings_csv: Path, tmp_path: Path) -> None:
    _, said = _tracked(ratings_csv, tmp_path / "run", trackers_of([f"mlflow={address}"]), Silent())
    [line] = said
    assert line.startswith("--track mlflow: ")
    assert line.endswith("; the run goes on without it")


def test_a_server_that_dies_is_one_line_and_does_not_show(
    server: MLflowServer, ratings_csv: Path, tmp_path: Path
) -> None:
    plain = run(_recipe(ratings_csv), load(str(ratings_csv)), tmp_path / "plain", Silent())
    address = server.up()
    result, said = _tracked(ratings_csv, tmp_path / "run", trackers_of([f"mlflow={address}"]), After(2, server.kill))
    [line] = said
    assert line.startswith("--track mlflow: ")
    assert line.endswith("; the run goes on without it")
    assert _outcome(result, tmp_path / "run") == _outcome(plain, tmp_path / "plain")
