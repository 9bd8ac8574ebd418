"""Records of benchmarks: one file a run, named for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tastegraph.errors import RunError
from tastegraph.files import reason_of, write_json
from tastegraph.studies.fusions import parts_of
from tastegraph.studies.models import LIGHTGCN
from tastegraph.studies.published import table_metrics
from tastegraph.studies.seal import digest_of_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    Record = dict[str, Any]

__all__ = [
    "SCHEMA",
    "changed_in",
    "figures_of",
    "model_of",
    "read_records",
    "record_path",
    "record_there",
    "settings_read",
    "write_record",
]

SCHEMA = 1


def model_of(record: Record) -> str:
    """The model that ran."""
    return str(record.get("model", LIGHTGCN))


def changed_in(record: Record) -> tuple[str, ...]:
    """The settings that were other than the recipe's, as KEY=VALUE."""
    return tuple(record.get("changed", ()))


def settings_read(record: Record) -> dict[str, Any]:
    """The recipe of a run, as tables of keys, without what the run did not read: baselines, other models' settings."""
    model = model_of(record)
    recipe = {key: table for key, table in record.get("recipe", {}).items() if key != "baselines"}
    if "models" in recipe:
        own = {model, *parts_of(model)}
        recipe["models"] = {name: settings for name, settings in recipe["models"].items() if name in own}
    return recipe


def figures_of(record: Record) -> tuple[dict[str, float], float]:
    """What tables show of a run: its test metrics, and seconds of everything but reading the files and scoring test.

    Raises:
        KeyError: it lacks one of them.
        TypeError: one of them is no number.
    """
    test, seconds = record["metrics"]["test"], record["seconds"]
    shown = {name: test[name] + 0.0 for name in table_metrics(record["data"])}
    return shown, seconds["prepare"] + seconds["train"]


def record_path(folder: Path, name: str, model: str, seed: int, changed: Sequence[str] = ()) -> Path:
    """Where a run's record is: FOLDER/NAME[-MODEL][-DIGEST]-seed-N.json, with a digest of settings that were changed.

    Args:
        folder: of records.
        name: the recipe's.
        model: by its name; LightGCN's goes without.
        seed: of the run.
        changed: as of `changed_in`.
    """
    of_model = "" if model == LIGHTGCN else f"-{model}"
    of_changes = f"-{digest_of_text(json.dumps([*changed]))[:8]}" if changed else ""
    return folder / f"{name}{of_model}{of_changes}-seed-{seed}.json"


def record_there(path: Path) -> Record | None:
    """A run's record, if there is one.

    Raises:
        RunError: the file is no record.
    """
    return _read(path) if path.exists() else None


def write_record(record: Record, folder: Path) -> Path:
    """Write a record to its `record_path`; one that tells only what is missing takes no other's place.

    Raises:
        RunError: the system refused.
    """
    path = record_path(folder, record["name"], model_of(record), record["seed"], changed_in(record))
    if "missing" in record and path.exists():
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(path, record)
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({reason_of(error)})") from error
    return path


def read_records(folder: Path) -> list[Record]:
    """All records of a folder, by recipe, model (LightGCN first), changed settings and seed.

    Raises:
        RunError: a file is no record.
    """
    return sorted(map(_read, folder.glob("*-seed-*.json")), key=_order)


def _read(path: Path) -> Record:
    try:
        record: Record = json.loads(path.read_text(encoding="utf-8"))
        if record["schema"] != SCHEMA:
            raise RunError(f"{path}: a record of schema {record['schema']}; expected {SCHEMA}")
        _order(record)
        if "missing" not in record:
            figures_of(record)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path}: no record of a benchmark") from error
    return record


def _order(record: Record) -> tuple[str, bool, str, tuple[str, ...], int]:
    model = model_of(record)
    return record["name"], model != LIGHTGCN, model, changed_in(record), record["seed"]
