"""Runs side by side: what each was, how far it came, what it came to, and where their settings differ."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tastegraph.errors import RunError, TasteGraphError
from tastegraph.studies.folder import is_finished
from tastegraph.studies.journal import read_journal
from tastegraph.studies.recipe import load_recipe
from tastegraph.studies.seal import BEGUN, check_seal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["RunSummary", "differing_settings", "find_runs", "summary_of"]


@dataclass(frozen=True)
class RunSummary:
    """What a run's folder says of it.

    Attributes:
        path: the folder.
        state: "finished", "unfinished", or "damaged".
        why: what is damaged, or how far an unfinished run came; empty for a finished one.
        data: the data set's name or path.
        when: it ended, or was last written to; UTC, to the minute.
        settings: the recipe, by dotted keys.
        select: the metric that validation chose by.
        best_epoch: the epoch chosen.
        metrics: test metrics, and the validation value of `select` as "validation".
        seconds: of training.
    """

    path: Path
    state: str
    why: str = ""
    data: str = ""
    when: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    select: str = ""
    best_epoch: int | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    seconds: float | None = None


def find_runs(places: Iterable[Path]) -> list[Path]:
    """The run folders among some folders and in them, in the order of their names.

    Raises:
        RunError: a place is no folder.
    """
    found: dict[Path, None] = {}
    for place in places:
        if not place.is_dir():
            raise RunError(f"{place}: no such folder")
        inside = sorted(path for path in place.iterdir() if path.is_dir()) if not _is_run(place) else [place]
        found.update(dict.fromkeys(path for path in inside if _is_run(path)))
    return list(found)


def _is_run(folder: Path) -> bool:
    """Whether a folder is a run's; comparisons and searches have other files."""
    if folder.name.startswith("."):
        return False
    try:
        held = {path.name for path in folder.iterdir()}
    except OSError:
        return False
    begun = {"recipe.toml", "environment.json"} <= held or "digests.json" in held  # which a damaged one may lack
    return begun and not held & {"comparison.json", "trials.jsonl"}


def summary_of(folder: Path, *, check: bool = False) -> RunSummary:
    """What a run's folder says of it; a damaged one is described, not raised.

    Args:
        folder: of the run.
        check: compare every file with digests.json.
    """
    run = RunSummary(folder, "unfinished", when=_when(folder))
    try:
        recipe = load_recipe(folder / "recipe.toml")
        run = replace(run, data=recipe.data.source, settings=recipe.flat(), select=recipe.evaluation.select)
        epochs = read_journal(folder / "metrics.jsonl")
        if not (folder / "environment.json").is_file():
            raise RunError(f"{folder / 'environment.json'}: no such file or directory")
        if check and not is_finished(folder):
            _check_unfinished(folder)
        if not is_finished(folder):
            return replace(run, why=_how_far(epochs, recipe.training.epochs))
        if check:
            check_seal(folder)
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        chosen = result["metrics"]["validation"].get(recipe.evaluation.select)
        metrics = {"validation": chosen, **result["metrics"]["test"]}
        seconds = result["seconds"]["train"]
        return replace(run, state="finished", best_epoch=result["best_epoch"], metrics=metrics, seconds=seconds)
    except (TasteGraphError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        said = str(error) if isinstance(error, TasteGraphError) else f"{folder / 'result.json'}: not as a run leaves it"
        return replace(run, state="damaged", why=" ".join(said.split()))


def _check_unfinished(folder: Path) -> None:
    """Fail if what a run began with, or a state of its training, is damaged."""
    from tastegraph.lightgcn.sealed import load_sealed  # torch with it, which a list of runs does without

    check_seal(folder, BEGUN)
    for path in sorted((folder / "checkpoints").glob("*.safetensors")):
        load_sealed(path)


def _when(folder: Path) -> str:
    """When the newest of its records was written."""
    there = [path for path in (folder / "result.json", folder / "metrics.jsonl", folder) if path.exists()]
    return datetime.fromtimestamp(there[0].stat().st_mtime, UTC).strftime("%Y-%m-%d %H:%M")


def differing_settings(runs: Sequence[RunSummary]) -> dict[str, list[Any]]:
    """The settings in which runs differ, and each run's value, None where it has none."""
    keys = sorted({key for run in runs for key in run.settings})
    rows = {key: [run.settings.get(key) for run in runs] for key in keys}
    return {key: values for key, values in rows.items() if any(value != values[0] for value in values)}


def _how_far(epochs: Sequence[dict[str, Any]], of: int) -> str:
    if not epochs:
        return "no epoch yet"
    last = epochs[-1]
    return f"{'refit, ' if last.get('stage') == 'refit' else ''}epoch {last.get('epoch')} of at most {of}"
