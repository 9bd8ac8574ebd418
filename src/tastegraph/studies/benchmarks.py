"""`reproduce benchmarks`: recipes run from a clean start, a record each, and the table beside published figures."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager, suppress
from statistics import mean
from typing import TYPE_CHECKING, Any

from tastegraph.data.load import load
from tastegraph.errors import DataError, RunError
from tastegraph.files import reason_of, write_json, write_whole
from tastegraph.studies.checkpoints import Checkpoints, identity
from tastegraph.studies.contenders import contend, score_test
from tastegraph.studies.environment import describe_environment
from tastegraph.studies.models import LIGHTGCN, MF, title_of
from tastegraph.studies.published import PUBLISHED
from tastegraph.studies.seal import digest_of_text
from tastegraph.studies.stopping import Stop
from tastegraph.studies.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tastegraph.data.dataset import Dataset
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.watcher import Watcher

    Record = dict[str, Any]

__all__ = ["SCHEMA", "read_records", "run_benchmark", "table_of", "write_into", "write_record"]

SCHEMA = 1
TRAINED = (LIGHTGCN, MF)  # with embeddings of the recipe's width
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


def run_benchmark(
    name: str,
    recipe: Recipe,
    watcher: Watcher,
    say: Callable[[str], None],
    model: str = LIGHTGCN,
    *,
    states: Path | None = None,
    stop: Stop | None = None,
) -> Record:
    """Run a recipe: select on validation, refit where the test part is given, score test once.

    A run that ends before it is whole goes on where its last state is.

    Args:
        name: the recipe's.
        recipe: all settings.
        watcher: is told how training goes on.
        say: is told of loading.
        model: LightGCN, or a baseline by its name.
        states: where states of trainings are kept until the run is whole, a folder for each run; None keeps none.
        stop: who may ask it to end.

    Returns:
        A record: what was run on what, the metrics, and seconds: "load" (reading the files), "prepare" (positives,
        split, graph), "train" (start, selection with its validations, refit), "evaluate" (test). Where the data cannot
        be had, "missing" says why, and nothing else was done.
    """
    seed = recipe.training.seed
    about: Record = {"schema": SCHEMA, "name": name, "model": model, "data": recipe.data.source, "seed": seed}
    began = time.perf_counter()
    try:
        dataset = load(recipe.data.source, say, recipe.data.reading)
    except DataError as error:
        return {**about, "missing": str(error)}
    loaded = time.perf_counter()
    environment = describe_environment(recipe, dataset.digests)  # compiles, or loads, the kernels
    ready = time.perf_counter()
    trial = Trial.of(dataset, recipe)
    prepared = time.perf_counter()
    with _checkpoints(states, name, model, recipe, dataset, stop or Stop(), say) as checkpoints:
        made = score_test(contend(model, trial, recipe, watcher, checkpoints), trial, recipe)
    trained = made.contender.trained
    seconds = {"load": loaded - began, "prepare": prepared - ready, **made.seconds}
    return {
        **about,
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


def write_record(record: Record, folder: Path) -> Path:
    """Write a record as FOLDER/NAME-seed-N.json, of a baseline as FOLDER/NAME-MODEL-seed-N.json.

    Raises:
        RunError: the system refused.
    """
    of_model = "" if _model_of(record) == LIGHTGCN else f"-{record['model']}"
    path = folder / f"{record['name']}{of_model}-seed-{record['seed']}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(path, record)
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({reason_of(error)})") from error
    return path


def read_records(folder: Path) -> list[Record]:
    """All records of a folder, by recipe, model (LightGCN first) and seed.

    Raises:
        RunError: a file is no record.
    """
    records = []
    for path in folder.glob("*-seed-*.json"):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if record["schema"] != SCHEMA:
                raise RunError(f"{path}: a record of schema {record['schema']}; expected {SCHEMA}")
            records.append(record)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{path}: no record of a benchmark") from error
    return sorted(records, key=_order)


def table_of(records: Sequence[Record]) -> str:
    """Markdown: for each data set the published figures and our recipes', means over the seeds that were run."""
    lines: list[str] = []
    for data in sorted({record["data"] for record in records}, key=_place):
        own = [record for record in records if record["data"] == data]
        lines += [f"### {data}", "", *_rows(data, own), ""]
    return "\n".join(lines)


def write_into(page: Path, table: str, begin: str = BEGIN, end: str = END) -> None:
    """Replace what stands between a page's two comments, `begin` and `end`.

    Raises:
        RunError: the page cannot be read or lacks one of them.
    """
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        raise RunError(f"{page}: {reason_of(error)}") from error
    if begin not in text or end not in text:
        raise RunError(f"{page}: needs the lines {begin} and {end}")
    whole = f"{text.partition(begin)[0]}{begin}\n\n{table}\n{end}{text.partition(end)[2]}"
    write_whole(page, whole)


def _order(record: Record) -> tuple[str, bool, str, int]:
    model = _model_of(record)
    return record["name"], model != LIGHTGCN, model, record["seed"]


def _model_of(record: Record) -> str:
    return str(record.get("model", LIGHTGCN))


def _place(data: str) -> tuple[int, str]:
    order = list(PUBLISHED)
    return (order.index(data) if data in order else len(order), data)


def _rows(data: str, records: Sequence[Record]) -> Iterator[str]:
    published = PUBLISHED.get(data, ())
    names = list(published[0].metrics) if published else ["recall@10", "ndcg@10"]
    yield f"| model | d | {' | '.join(names)} | seconds | seeds | from |"
    yield f"|---|---:|{'---:|' * len(names)}---:|---:|---|"
    for row in published:
        figures = " | ".join(f"{row.metrics[name]:.4f}" for name in names)
        yield f"| {row.method} | | {figures} | | | {row.source} |"
    for key in dict.fromkeys((record["name"], _model_of(record)) for record in records):
        yield _own(*key, [record for record in records if (record["name"], _model_of(record)) == key], names)


def _own(recipe: str, model: str, records: Sequence[Record], names: Sequence[str]) -> str:
    run = [record for record in records if "missing" not in record]
    ours = f"ours, `{recipe}`" if model == LIGHTGCN else f"ours, {title_of(model)}, `{recipe}`"
    if not run:
        return f"| {ours} | | {'not run here | ' * len(names)} | | `tastegraph reproduce benchmarks` |"
    figures = " | ".join(f"**{mean(record['metrics']['test'][name] for record in run):.4f}**" for name in names)
    seconds = mean(_counted(record["seconds"]) for record in run)
    width = run[0]["recipe"]["model"]["embedding_dim"] if model in TRAINED else ""
    models = "" if model == LIGHTGCN else f" --models {model}"
    command = f"`tastegraph reproduce benchmarks --only {recipe}{models}`"
    return f"| {ours} | {width} | {figures} | {seconds:.0f} | {len(run)} | {command} |"


def _counted(seconds: Mapping[str, float]) -> float:
    """Everything but reading the files and scoring the test part."""
    return seconds["prepare"] + seconds["train"]
