"""The folder of a search: how it began, its trials, the recipe found. A search that was ended is gone on with there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, get_args

from pydantic import ValidationError

from tastegraph.errors import RunError
from tastegraph.files import write_json, write_whole
from tastegraph.graph.devices import CPU
from tastegraph.studies.environment import describe_environment
from tastegraph.studies.folder import check_folder
from tastegraph.studies.models import known_models
from tastegraph.studies.recipe import Recipe
from tastegraph.studies.search import Budget, Pruner, Tuned
from tastegraph.studies.search_storage import Kept, open_storage, sqlite_url, without_password
from tastegraph.studies.tuning import here, tune
from tastegraph.studies.unfinished import begun, finish, gone_on_with, place_of

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from tastegraph.data.dataset import Dataset
    from tastegraph.studies.trial import Trial
    from tastegraph.studies.tuning import Runner
    from tastegraph.studies.watcher import Watcher

__all__ = ["Asked", "asked_in", "go_on_into", "tune_into"]

SCHEMA = 1
ASKED, TRIALS, DATABASE, FOUND = "search.json", "trials.jsonl", "trials.db", "tuning.json"


@dataclass(frozen=True)
class Asked:
    """What a search is asked for.

    Attributes:
        recipe: where it begins.
        models: names, in the order in which they are searched.
        budget: of each of them.
        pruner: gives up on trainings that fall behind.
        storage: URL of the trials; None for an SQLite file in the folder.
        study: the search's name in the storage; None for the folder's.
    """

    recipe: Recipe
    models: tuple[str, ...]
    budget: Budget = field(default_factory=Budget)
    pruner: Pruner = "median"
    storage: str | None = None
    study: str | None = None


def tune_into(
    out: Path,
    asked: Asked,
    dataset: Dataset,
    trial: Trial,
    watcher: Watcher,
    *,
    force: bool = False,
    run: Runner | None = None,
    device: torch.device = CPU,
) -> dict[str, Tuned]:
    """Search, and leave search.json, trials.jsonl, recipe.toml, tuning.json and environment.json; see `tune`.

    Trials are in `trials.db`, or wherever `asked.storage` says. An end by an error or a signal after the first trial
    leaves an unfinished search, for `go_on_into`.

    Args:
        out: the folder.
        asked: what is searched.
        dataset: what `asked.recipe.data` names, loaded.
        trial: its split.
        watcher: is told how it goes on.
        force: replace a search that is there.
        run: tries settings; in this process by default.
        device: what that computes on, for the record.

    Raises:
        RunError: `out` is in the way, or the storage cannot be used.
        EvaluationError, ModelError: as `tune`.
    """
    check_folder(out, force=force)

    def write(folder: Path) -> None:
        write_whole(folder / "recipe.toml", asked.recipe.to_toml())
        environment = describe_environment(asked.recipe, dataset.digests, device)
        write_json(folder / "environment.json", environment)
        _note_asked(folder, out, asked)

    with begun(out, write) as folder:
        return _search_in(folder, out, asked, dataset, trial, run or here(trial, watcher))


def go_on_into(
    out: Path, asked: Asked, dataset: Dataset, trial: Trial, watcher: Watcher, *, run: Runner | None = None
) -> dict[str, Tuned]:
    """Go on with a search that was ended, or spend a larger budget: trials that are done are not done again.

    Args:
        out: the folder.
        asked: what `asked_in(out)` says, its budget and storage as they are wanted now.
        dataset: what `asked.recipe.data` names, loaded.
        trial: its split.
        watcher: is told how it goes on.
        run: tries settings; in this process by default.

    Raises:
        RunError: another process holds the folder, or data or settings have changed.
        EvaluationError, ModelError: as `tune`.
    """
    with gone_on_with(out) as folder:
        (folder / FOUND).unlink(missing_ok=True)  # it is unfinished again
        _note_asked(folder, out, asked)
        return _search_in(folder, out, asked, dataset, trial, run or here(trial, watcher))


def asked_in(out: Path) -> Asked:
    """What the search in a folder was asked for.

    Raises:
        RunError: there is no search, or search.json is damaged.
    """
    path = place_of(out) / ASKED
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said.pop("schema") != SCHEMA or said["pruner"] not in get_args(Pruner):
            raise RunError(f"{path}: not a search of this version")
        said["recipe"], said["budget"] = Recipe.model_validate(said["recipe"]), Budget(**said["budget"])
        said["models"] = known_models(said["models"])
        return Asked(**said)
    except OSError as error:
        raise RunError(f"{out}: no search there; tune --out makes one") from error
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
        raise RunError(f"{path}: not as a search leaves it") from error


def _note_asked(folder: Path, out: Path, asked: Asked) -> None:
    said = {
        "schema": SCHEMA,
        "recipe": asked.recipe.model_dump(mode="json"),
        "models": list(asked.models),
        "budget": asdict(asked.budget),
        "pruner": asked.pruner,
        "storage": None if asked.storage is None else without_password(asked.storage),
        "study": asked.study or out.resolve().name,
    }
    write_json(folder / ASKED, said)


def _search_in(folder: Path, out: Path, asked: Asked, dataset: Dataset, trial: Trial, run: Runner) -> dict[str, Tuned]:
    url = asked.storage or sqlite_url(folder / DATABASE)
    shown = without_password(asked.storage) if asked.storage else str(out / DATABASE)
    storage = open_storage(url)
    try:
        kept = Kept(
            storage, asked.study or out.resolve().name, dataset.digest, out.resolve(), shown, asked.storage is None
        )
        best, found = tune(
            asked.recipe,
            trial,
            asked.models,
            asked.budget,
            kept=kept,
            pruner=asked.pruner,
            run=run,
            note=lambda lines: write_whole(folder / TRIALS, "".join(f"{json.dumps(line)}\n" for line in lines)),
        )
    finally:
        storage.engine.dispose()
    summary = {
        "schema": SCHEMA,
        "data": dataset.name,
        "select": asked.recipe.evaluation.select,
        "budget": asdict(asked.budget),
        "models": {name: asdict(one) for name, one in found.items()},
    }
    write_whole(folder / "recipe.toml", best.to_toml())
    write_json(folder / FOUND, summary)
    finish(folder, out)
    return found
