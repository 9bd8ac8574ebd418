"""A run: split, train, validate, test, save. One directory holds everything it was and came to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self

import polars as pl

from tastegraph.files import sha256_of, write_whole, written_whole
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.lightgcn.checkpoint import save_checkpoint
from tastegraph.saved_model import SavedModel
from tastegraph.studies.contenders import contend, score_test
from tastegraph.studies.environment import describe_environment
from tastegraph.studies.folder import check_folder, new_run
from tastegraph.studies.folding import folding_of
from tastegraph.studies.models import LIGHTGCN
from tastegraph.studies.report import render_report
from tastegraph.studies.result import describe_result
from tastegraph.studies.trial import Trial

if TYPE_CHECKING:
    from pathlib import Path

    from tastegraph.data.load import Dataset
    from tastegraph.lightgcn.training import Epoch, Trained
    from tastegraph.studies.contenders import Watcher
    from tastegraph.studies.recipe import Recipe

__all__ = ["run"]


def run(
    recipe: Recipe,
    dataset: Dataset,
    out: Path,
    watcher: Watcher,
    *,
    trial: Trial | None = None,
    load_seconds: float = 0.0,
    force: bool = False,
) -> dict[str, Any]:
    """Train and judge LightGCN and its baselines, and leave a whole run directory.

    Args:
        recipe: all settings.
        dataset: what `recipe.data` names, loaded.
        out: the run directory; it appears when all is done, and is left alone on any error.
        watcher: is told how it goes on.
        trial: `Trial.of(dataset, recipe)`, where it was made before.
        load_seconds: what loading took, for the record.
        force: replace a run that is there.

    Returns:
        What was written as result.json.

    Raises:
        TasteGraphError: the data or a setting does not work out, `out` is in the way, or the split leaks.
    """
    check_folder(out, force=force)
    trial = trial or Trial.of(dataset, recipe)
    trial.check_leaks()
    with new_run(out) as folder:
        return _run_in(folder, recipe, dataset, trial, watcher, load_seconds)


def _run_in(
    folder: Path, recipe: Recipe, dataset: Dataset, trial: Trial, watcher: Watcher, load_seconds: float
) -> dict[str, Any]:
    write_whole(folder / "recipe.toml", recipe.to_toml())
    _write_json(folder / "environment.json", describe_environment(recipe, dataset.digests))
    with written_whole(folder / "split.parquet") as aside:
        trial.split.save(aside, dataset.digest)
    with _Journal(folder / "metrics.jsonl", watcher) as journal:
        lightgcn = score_test(contend(LIGHTGCN, trial, recipe, journal), trial, recipe)
    trained = lightgcn.contender.trained
    assert trained is not None  # noqa: S101 (for the type checker)
    baselines = {name: score_test(contend(name, trial, recipe, watcher), trial, recipe) for name in recipe.baselines}
    result = describe_result(recipe, dataset, trial, lightgcn, baselines, load_seconds)
    (folder / "checkpoints").mkdir()
    save_checkpoint(trained, recipe.model, folder / "checkpoints" / "best.safetensors")
    about = {
        "data": {"name": dataset.name, "digest": dataset.digest},
        "split": sha256_of(folder / "split.parquet"),
        "refit": trial.refits,
        "model": recipe.model.model_dump(mode="json"),
        "best_epoch": trained.best_epoch,
    }
    _saved_model(trained, recipe, dataset, trial, about).save(folder / "model")
    write_whole(folder / "report.html", render_report(recipe, result, journal.chosen))
    _write_json(folder / "result.json", result)
    return result


class _Journal:
    """Writes metrics.jsonl, a line an epoch as it ends, and tells the watcher the same."""

    def __init__(self, path: Path, watcher: Watcher) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._watcher = watcher
        self._stage = ""
        self.chosen: list[Epoch] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def stage(self, name: str, epochs: int | None) -> None:
        """Training begins, or training for the refit."""
        self._stage = "refit" if self._stage else "select"
        self._watcher.stage(name, epochs)

    def step(self, step: int, steps: int, loss: float) -> None:
        """A step is done."""
        self._watcher.step(step, steps, loss)

    def epoch(self, record: Epoch) -> None:
        """An epoch is done."""
        if self._stage == "select":
            self.chosen.append(record)
        line = {
            "stage": self._stage,
            "epoch": record.epoch,
            "seconds": round(record.seconds, 3),
            "loss": record.loss,
            "validation": dict(record.validation),
        }
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        self._watcher.epoch(record)

    def judging(self, name: str) -> None:
        """Lists are judged."""
        self._watcher.judging(name)


def _saved_model(trained: Trained, recipe: Recipe, dataset: Dataset, trial: Trial, about: dict[str, Any]) -> SavedModel:
    """The model as people are served from it: every item a user rated counts as seen, whatever its part."""
    fit = trial.final.split.fit
    rated = dataset.interactions
    user = fit.users.index_of(rated.users.ids)[rated.user]
    item = fit.items.index_of(rated.items.ids)[rated.item]
    learned = (user >= 0) & (item >= 0)
    items = pl.DataFrame({"item": fit.items.ids})
    if dataset.item_table is not None:
        items = items.join(dataset.item_table, on="item", how="left", maintain_order="left")
    return SavedModel(
        *trained.embeddings,
        folding=folding_of(trained.model, trial.final.graph),
        fit=trial.final.graph.items_of,
        users=fit.users,
        items=fit.items,
        item_table=items,
        seen=NeighbourLists.from_pairs(user[learned], item[learned], len(fit.users), len(fit.items)),
        ranking=recipe.model.ranking,
        about=about,
    )


def _write_json(path: Path, content: dict[str, Any]) -> None:
    write_whole(path, json.dumps(content, indent=2) + "\n")
