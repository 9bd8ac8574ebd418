"""The whole reproduction: what is to run, and the folder of records, page, report and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tastegraph.errors import DataError, RunError
from tastegraph.files import write_whole
from tastegraph.studies.tutorial.experiments import EPOCHS, Scale, settings_of
from tastegraph.studies.tutorial.page import figures_of, to_html, to_markdown
from tastegraph.studies.tutorial.results import Results
from tastegraph.studies.tutorial.settings import NUM_USERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tastegraph.data.load import Dataset
    from tastegraph.studies.tutorial.records import Record
    from tastegraph.studies.tutorial.settings import Setting

__all__ = ["Plan", "check_users", "write_folder", "write_pictures"]


@dataclass(frozen=True)
class Plan:
    """What is to run.

    Attributes:
        seeds: of every run.
        epochs: of the trainings of 200 users.
        epochs_of_all: of those of all users with n = 20; None leaves all users out.
        same_steps: whether trainings of 200 users with more pairs a user are cut to as many steps.
    """

    seeds: Sequence[int] = tuple(range(5))
    epochs: int = EPOCHS
    epochs_of_all: int | None = EPOCHS // 4
    same_steps: bool = False

    @property
    def tasks(self) -> list[tuple[Setting, int]]:
        """Settings and seeds: whole seeds one after the other, so that what is there early can be told."""
        scales = [Scale(NUM_USERS, self.epochs, self.same_steps)]
        if self.epochs_of_all is not None:
            scales.append(Scale(None, self.epochs_of_all))
        return [(setting, seed) for seed in self.seeds for scale in scales for setting in settings_of(scale)]


def check_users(dataset: Dataset) -> None:
    """Refuse data without enough users, before anything is run.

    Raises:
        DataError: it has fewer users than the tutorial takes.
    """
    found = len(dataset.interactions.users)
    if found < NUM_USERS:
        raise DataError(f"the tutorial takes {NUM_USERS} users; found {found}", path=dataset.path)


def write_folder(folder: Path, records: Sequence[Record]) -> str:
    """Write table.md, report.html and the pictures beside the records; returns the content of table.md.

    Raises:
        RunError: a file cannot be written.
    """
    results = Results(records)
    text = to_markdown(results)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "table.md", text)
        write_whole(folder / "report.html", to_html(results))
    except OSError as error:
        raise RunError(f"{folder}: cannot be written ({(error.strerror or str(error)).lower()})") from error
    write_pictures(folder, records)
    return text


def write_pictures(folder: Path, records: Sequence[Record]) -> None:
    """Write the curves as tutorial-curves-by-*.svg.

    Raises:
        RunError: a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, picture in figures_of(Results(records)).items():
            write_whole(folder / f"tutorial-{name}.svg", picture + "\n")
    except OSError as error:
        raise RunError(f"{folder}: cannot be written ({(error.strerror or str(error)).lower()})") from error
