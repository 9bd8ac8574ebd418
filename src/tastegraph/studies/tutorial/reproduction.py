"""The whole reproduction: what is to run, and the folder of records, page, report and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tastegraph.errors import DataError, RunError
from tastegraph.files import reason_of, write_whole
from tastegraph.studies.tutorial.experiments import EPOCHS, Scale, settings_of
from tastegraph.studies.tutorial.page import to_html, to_markdown
from tastegraph.studies.tutorial.settings import NUM_USERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tastegraph.data.dataset import Dataset
    from tastegraph.studies.tutorial.results import Results
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
        tasks = ((setting, seed) for seed in self.seeds for scale in scales for setting in settings_of(scale))
        return list(dict.fromkeys(tasks))


def check_users(dataset: Dataset) -> None:
    """Refuse data without enough users, before anything is run.

    Raises:
        DataError: it has fewer users than the tutorial takes.
    """
    found = len(dataset.interactions.users)
    if found < NUM_USERS:
        raise DataError(f"the tutorial takes {NUM_USERS} users; found {found}", path=dataset.path)


def write_folder(folder: Path, results: Results, pictures: Mapping[str, str]) -> str:
    """Write table.md, report.html and the pictures beside the records; returns the content of table.md.

    Raises:
        RunError: a file cannot be written.
    """
    text = to_markdown(results)
    _write(folder, {"table.md": text, "report.html": to_html(results, pictures)})
    write_pictures(folder, pictures)
    return text


def write_pictures(folder: Path, pictures: Mapping[str, str]) -> None:
    """Write pictures as tutorial-NAME.svg.

    Raises:
        RunError: a file cannot be written.
    """
    _write(folder, {f"tutorial-{name}.svg": picture + "\n" for name, picture in pictures.items()})


def _write(folder: Path, content: Mapping[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in content.items():
            write_whole(folder / name, text)
    except OSError as error:
        raise RunError(f"{folder}: cannot be written ({reason_of(error)})") from error
