"""A run under way: where it is written, whose it is, and how it becomes the finished one.

A new run is written into its own folder from the start. One that is to replace a finished run is written beside it,
into NAME.unfinished, and takes its place at the end.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tastegraph.errors import RunError
from tastegraph.files import held, reason_of, sync_folder
from tastegraph.studies.folder import aside_of, beside, is_finished, is_litter, replace_content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

__all__ = ["begun", "finish", "gone_on_with", "has_begun", "place_of", "recipe_of"]


@contextmanager
def begun(out: Path, write: Callable[[Path], None]) -> Iterator[Path]:
    """Make the folder of a new run, whole, and hold it alone.

    Args:
        out: where the run is to be; what is there may be replaced (see `check_folder`).
        write: writes what a run begins with into a folder.

    Raises:
        RunError: another process holds it, or it cannot be made.
    """
    place = beside(out) if is_finished(out) else out.resolve()
    with aside_of(out) as aside:
        write(aside)
        if place.exists():
            with _alone(place, out):
                replace_content(place, aside)
                with _taken_back(place, stays=place == out.resolve()):
                    yield place
            return
        with _alone(aside, out):
            try:
                aside.rename(place)
            except OSError as error:
                raise RunError(f"{out}: {reason_of(error)}; did another run begin there?") from error
            sync_folder(place.parent)
            with _taken_back(place, stays=False):
                yield place


@contextmanager
def gone_on_with(out: Path) -> Iterator[Path]:
    """Hold the folder of an unfinished run alone, to go on with it.

    Raises:
        RunError: there is none, or another process holds it.
    """
    place = place_of(out)
    with _alone(place, out):
        for path in [*place.iterdir(), *place.glob("*/.*")]:
            if is_litter(path):
                path.unlink()
        yield place


def place_of(out: Path) -> Path:
    """Where a run is that may have to be gone on with: beside `out`, or there.

    Raises:
        RunError: there is none.
    """
    place = beside(out)
    if place.is_dir() and not any(place.iterdir()):
        place.rmdir()  # all had been moved
    place = place if place.is_dir() else out.resolve()
    if not (place / "recipe.toml").exists() and not is_finished(place):
        raise RunError(f"{out}: no unfinished run" if out.exists() else f"{out}: no such file or directory")
    return place


def finish(folder: Path, out: Path) -> None:
    """Let a finished run take its place, where it was written beside it."""
    if folder == out.resolve():
        return
    replace_content(out.resolve(), folder)
    folder.rmdir()
    sync_folder(out.resolve().parent)


def has_begun(out: Path) -> bool:
    """Whether an unfinished run is there, or beside a finished one that it is to replace."""
    try:
        return not is_finished(place_of(out))
    except RunError:
        return False


def recipe_of(out: Path) -> Path:
    """The recipe of a run that may have to be gone on with; it is the first file to be moved to its place.

    Raises:
        RunError: as `place_of`.
    """
    recipe = place_of(out) / "recipe.toml"
    return recipe if recipe.exists() else out.resolve() / "recipe.toml"


@contextmanager
def _taken_back(place: Path, *, stays: bool) -> Iterator[None]:
    """On an error before there is a checkpoint, or a search's trial, remove what was begun; never what is finished."""
    try:
        yield
    except BaseException:
        begun_only = (place / "recipe.toml").exists() and not is_finished(place)
        kept = [*(place / "checkpoints").glob("*.safetensors"), *place.glob("trials.jsonl")]
        if begun_only and not kept:
            for path in place.iterdir() if stays else [place]:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise


def _alone(folder: Path, out: Path) -> AbstractContextManager[None]:
    """Hold a folder against other processes."""
    return held(folder, RunError(f"{out}: another process is training there"))
