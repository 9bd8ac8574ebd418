"""Folders of comparisons and searches, and of runs: which one may be written, and how one appears whole."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tastegraph.errors import RunError
from tastegraph.files import reason_of, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "aside_of",
    "beside",
    "check_folder",
    "free_folder",
    "is_finished",
    "is_litter",
    "last_folder",
    "new_run",
    "replace_content",
]

# What the folder of a run, a comparison or a search holds, and nothing else.
CONTENT = {
    "recipe.toml", "environment.json", "metrics.jsonl", "split.parquet", "checkpoints", "model", "report.html",
    "result.json", "map.safetensors", "index", "digests.json", "tensorboard",
    "comparison.json", "comparison.csv", "comparison.md", "comparison.tex", "users.parquet",
    "trials.jsonl", "tuning.json", "search.json", "trials.db", "trials.db-journal",
}  # fmt: skip
LITTER = re.compile(r"\..+\.[a-z0-9_]{8}")
LAST = {"result.json", "comparison.json", "tuning.json"}  # the marks of a finished one


def check_folder(out: Path, *, force: bool) -> None:
    """Refuse a folder that already holds something, unless it is a run and `force` is set.

    Raises:
        RunError: `out` is in the way.
    """
    if not out.exists():
        if os.path.lexists(out):
            raise RunError(f"{out}: is a link that leads nowhere")
        return
    if not out.is_dir():
        raise RunError(f"{out}: is a file; a run needs a folder")
    held = {path.name for path in out.iterdir() if not is_litter(path)}
    _check_beside(out, force=force)
    if not held:
        return
    if "recipe.toml" not in held or "environment.json" not in held or held - CONTENT:
        raise RunError(f"{out}: holds files that are no run; choose another --out")
    if not force and not is_finished(out):
        raise RunError(f"{out}: holds an unfinished run; go on with it by --resume {out}, or --force to begin anew")
    if not force:
        raise RunError(f"{out}: holds a run already; choose another --out, or --force to replace it")


def beside(out: Path) -> Path:
    """Where the run is written that is to replace a finished one."""
    place = out.resolve()
    return place.with_name(f"{place.name}.unfinished")


def is_litter(path: Path) -> bool:
    """Whether a file is what a process left that was killed while it wrote (see `written_whole`)."""
    return LITTER.fullmatch(path.name) is not None and path.is_file()


def _check_beside(out: Path, *, force: bool) -> None:
    """Refuse where an unfinished replacement stands beside, unless it may be thrown away, or something of others."""
    place = beside(out)
    held = {path.name for path in place.iterdir() if not is_litter(path)} if place.is_dir() else set()
    if held - CONTENT:
        raise RunError(f"{place}: holds files that are no run; choose another --out")
    if held and ("recipe.toml" not in held or not force):
        said = "taking its place" if "recipe.toml" not in held else "to replace it, unfinished"
        begin = ", or --force to begin anew" if "recipe.toml" in held else ""
        raise RunError(f"{out}: another run is {said}; go on with it by --resume {out}{begin}")


def is_finished(folder: Path) -> bool:
    """Whether a run, a comparison or a search came to its end."""
    return any((folder / name).exists() for name in LAST)


def free_folder(wish: Path) -> Path:
    """`wish`, or the first of wish-2, wish-3, ... that does not exist yet."""
    folder, number = wish, 1
    while os.path.lexists(folder):
        number += 1
        folder = wish.with_name(f"{wish.name}-{number}")
    return folder


def last_folder(wish: Path) -> Path:
    """The last of wish, wish-2, wish-3, ... that exists; `wish` where none does."""
    folder, number = wish, 2
    while os.path.lexists(later := wish.with_name(f"{wish.name}-{number}")):
        folder, number = later, number + 1
    return folder


@contextmanager
def new_run(out: Path) -> Iterator[Path]:
    """Hand out a folder aside; on success what it holds becomes `out`, in place of the run that was there.

    On any error, an interrupt included, `out` is what it was before.
    """
    place = out.resolve()
    with aside_of(out) as aside:
        yield aside
        if place.exists():
            replace_content(place, aside)
        else:
            aside.rename(place)
        sync_folder(place.parent)


@contextmanager
def aside_of(out: Path) -> Iterator[Path]:
    """Hand out a new folder beside `out`, and remove it, where it still is there.

    Raises:
        RunError: it cannot be made.
    """
    place = out.resolve()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}."))
    except OSError as error:
        raise RunError(f"{out}: cannot be made ({reason_of(error)})") from error
    try:
        aside.chmod(0o755)
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def replace_content(place: Path, aside: Path) -> None:
    """Move the old files out of a folder and the new ones in, the mark of a finished run last.

    `place` itself stays, for someone may stand in it. Killed in between, it can be called again: recipe.toml is moved
    first, and where it is gone from `aside` the old files were out already.
    """
    if (aside / "recipe.toml").exists():
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=f".{place.name}.old.") as old:
            for path in place.iterdir():
                path.rename(Path(old) / path.name)
    for path in sorted(aside.iterdir(), key=_rank):
        path.rename(place / path.name)


def _rank(path: Path) -> int:
    return 0 if path.name == "recipe.toml" else 2 if path.name in LAST else 1
