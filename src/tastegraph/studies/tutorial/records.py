"""Records of runs: one file a run, under a key of code, data and settings; what has a record is not run again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tastegraph.errors import RunError
from tastegraph.files import reason_of, write_whole
from tastegraph.studies.sources import digest_of_sources
from tastegraph.studies.tutorial.settings import Setting

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["SCHEMA", "Record", "Shelf", "code_digest", "read_records"]

SCHEMA = 1
# What figures come from; tables, plots and reports are made of records afterwards.
ROOMS = ("graph", "lightgcn", "ranking")
FILES = (
    "baselines/parafac.py",
    "data/split_methods.py",
    "studies/tutorial/pairs.py",
    "studies/tutorial/ratings.py",
    "studies/tutorial/readings.py",
    "studies/tutorial/judging.py",
    "studies/tutorial/run.py",
    "studies/tutorial/settings.py",
)


@dataclass(frozen=True)
class Record:
    """One run.

    Attributes:
        setting: what was run.
        seed: with which seed.
        code: digest of the code that ran.
        data: digest of the data.
        figures: what it came to; see `run`.
        environment: versions, machine.
    """

    setting: Setting
    seed: int
    code: str
    data: str
    figures: dict[str, Any]
    environment: dict[str, Any]

    @property
    def key(self) -> str:
        """SHA-256 over code, data, setting and seed."""
        text = json.dumps([SCHEMA, self.code, self.data, self.setting.model_dump(mode="json"), self.seed])
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def file_name(self) -> str:
        """What was run, for people, and the key's beginning."""
        words = self.setting.title.replace(",", "").replace(" ", "-")
        return f"{words}-seed-{self.seed}-{self.key[:12]}.json"


@cache
def code_digest() -> str:
    """SHA-256 over the source files that figures come from."""
    return digest_of_sources(ROOMS, FILES)


@dataclass(frozen=True)
class Shelf:
    """A folder of records of one state of the code and the data; those of another are neither read nor touched.

    Attributes:
        folder: where they lie.
        code: digest of the code.
        data: digest of the data.
    """

    folder: Path
    code: str
    data: str

    def find(self, setting: Setting, seed: int) -> Record | None:
        """The record of a run, if it was run.

        Raises:
            RunError: the file of its name is no record, or another run's.
        """
        wanted = Record(setting, seed, self.code, self.data, {}, {})
        path = self.folder / wanted.file_name
        if not path.exists():
            return None
        found = _read(path)
        if found.key != wanted.key:
            raise RunError(f"{path}: its name and its content are of different runs; remove it")
        return found

    def keep(self, setting: Setting, seed: int, figures: dict[str, Any], environment: dict[str, Any]) -> Record:
        """Write the record of a run, whole.

        Raises:
            RunError: the system refused.
        """
        record = Record(setting, seed, self.code, self.data, figures, environment)
        path = self.folder / record.file_name
        content = {
            "schema": SCHEMA,
            "setting": setting.model_dump(mode="json"),
            "seed": seed,
            "code": self.code,
            "data": self.data,
            "environment": environment,
            "figures": figures,
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, json.dumps(content) + "\n")
        except OSError as error:
            raise RunError(f"{path}: cannot be written ({reason_of(error)})") from error
        return record

    def found(self, tasks: Iterable[tuple[Setting, int]]) -> list[Record]:
        """The records there are of some runs."""
        return [record for task in tasks if (record := self.find(*task)) is not None]


def read_records(folder: Path) -> list[Record]:
    """All records of a folder, which must be of one state of the code and one of the data.

    Raises:
        RunError: there are none, a file is no record, or they are of several states.
    """
    records = [_read(path) for path in sorted(folder.glob("*-seed-*.json"))]
    if not records:
        raise RunError(f"{folder}: holds no record of a run")
    for name in ("code", "data"):
        states = {getattr(record, name) for record in records}
        if len(states) > 1:
            raise RunError(
                f"{folder}: holds records of {len(states)} states of the {name}, which must not be mixed; "
                "run the experiments again, or keep those of one state"
            )
    return records


def _read(path: Path) -> Record:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA:
            raise RunError(f"{path}: a record of schema {content['schema']}; expected {SCHEMA}")
        setting = Setting.model_validate(content["setting"])
        return Record(
            setting, content["seed"], content["code"], content["data"], content["figures"], content["environment"]
        )
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise RunError(f"{path}: no record of a run of the tutorial's") from error
