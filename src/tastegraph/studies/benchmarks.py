"""`reproduce benchmarks`: recipes run from a clean start, a record each."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from tastegraph.data.load import load
from tastegraph.errors import MissingDataError, RunError
from tastegraph.files import reason_of
from tastegraph.studies.benchmark_records import SCHEMA
from tastegraph.studies.checkpoints import Checkpoints, identity
from tastegraph.studies.contenders import contend, score_test
from tastegraph.studies.environment import describe_environment
from tastegraph.studies.models import LIGHTGCN
from tastegraph.studies.seal import digest_of_text
from tastegraph.studies.sources import digest_of_sources
from tastegraph.studies.stopping import Stop
from tastegraph.studies.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tastegraph.data.dataset import Dataset
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.watcher import Watcher

    Record = dict[str, Any]

__all__ = ["run_benchmark"]

# What figures come from; tables are made of records afterwards.
ROOMS = ("baselines", "data", "graph", "lightgcn", "ranking")
FILES = tuple(f"studies/{name}.py" for name in ("benchmarks", "contenders", "models", "recipe", "trial"))


@cache
def _code_digest() -> str:
    """SHA-256 over the source files that figures come from."""
    return digest_of_sources(ROOMS, FILES)


def run_benchmark(
    name: str,
    recipe: Recipe,
    watcher: Watcher,
    say: Callable[[str], None],
    model: str = LIGHTGCN,
    *,
    changed: Sequence[str] = (),
    states: Path | None = None,
    stop: Stop | None = None,
    there: Record | None = None,
) -> Record:
    """Run a recipe: select on validation, refit where the test part is given, score test once.

    Where the test part is given and a recipe's only validation would come after its last epoch, it has nothing to
    choose from: the model is trained once, on all of the fit part.

    A run that ends before it is whole goes on where its last state is; one that has a record is not run again.

    Args:
        name: the recipe's.
        recipe: all settings.
        watcher: is told how training goes on.
        say: is told of loading.
        model: LightGCN, or a baseline by its name.
        changed: the settings, as KEY=VALUE, in which `recipe` is other than the recipe of that name.
        states: where states of trainings are kept until the run is whole, a folder for each run; None keeps none.
        stop: who may ask it to end.
        there: the record that there is in its place. Of this very code, data and settings it is handed back.

    Returns:
        A record: what was run on what, the metrics, and seconds: "load" (reading the files), "prepare" (positives,
        split, graph), "train" (start, selection with its validations, refit), "evaluate" (test). Where the data cannot
        be had, "missing" says why, and nothing else was done.

    Raises:
        DataError: the data are there and cannot be read, or fail their digest.
        StoppedError: it was asked to end.
    """
    seed = recipe.training.seed
    about: Record = {"schema": SCHEMA, "name": name, "model": model, "data": recipe.data.source, "seed": seed}
    if changed:
        about["changed"] = list(changed)
    began = time.perf_counter()
    try:
        dataset = load(recipe.data.source, say, recipe.data.reading)
    except MissingDataError as error:
        return {**about, "missing": str(error)}
    loaded = time.perf_counter()
    of = {**identity(recipe, dataset), "code": _code_digest()}
    if there is not None and there.get("of") == of:
        return there
    environment = describe_environment(recipe, dataset.digests)  # compiles, or loads, the kernels
    ready = time.perf_counter()
    trial = Trial.of(dataset, recipe)
    prepared = time.perf_counter()
    with _checkpoints(states, name, model, recipe, dataset, stop or Stop(), say) as checkpoints:
        made = score_test(contend(model, trial, recipe, watcher, checkpoints, once=True), trial, recipe)
    trained = made.contender.trained
    seconds = {"load": loaded - began, "prepare": prepared - ready, **made.seconds}
    return {
        **about,
        "of": of,
        "recipe": recipe.model_dump(mode="json", exclude_none=True),
        "best_epoch": None if trained is None else trained.best_epoch,
        "metrics": {"validation": dict(made.contender.validation), "test": made.test.means()},
        "seconds": {part: round(value, 2) for part, value in seconds.items()},
        "environment": environment,
    }


@contextmanager
def _checkpoints(
    states: Path | None, name: str, model: str, recipe: Recipe, dataset: Dataset, stop: Stop, say: Callable[[str], None]
) -> Iterator[Checkpoints | None]:
    """Where this very run keeps its states; gone once it is whole, or where it has none."""
    if states is None:
        yield None
        return
    of = identity(recipe, dataset)
    folder = states / f"{name}-{model}-seed-{recipe.training.seed}-{digest_of_text(json.dumps(of))[:12]}"
    checkpoints = Checkpoints(folder, of, stop=stop, say=say, advice="; the same command goes on")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield checkpoints
        checkpoints.clear()
    except OSError as error:
        raise RunError(f"{error.filename or folder}: {reason_of(error)}") from error
    finally:
        with suppress(OSError):  # states are there, or another run's folder
            folder.rmdir()
            states.rmdir()
