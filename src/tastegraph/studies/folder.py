"""Run directories: which one may be written, and how a new one appears whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tastegraph.errors import RunError
from tastegraph.files import reason_of, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_folder", "free_folder", "new_run"]

# What the folder of a run, a comparison or a search holds, and nothing else.
CONTENT = {
    "recipe.toml", "environment.json", "metrics.jsonl", "split.parquet", "checkpoints", "model", "report.html",
    "result.json", "map.safetensors", "index",
    "comparison.json", "comparison.csv", "comparison.md", "comparison.tex", "users.parquet",
    "trials.jsonl", "tuning.json",
}  # fmt: skip
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
    held = {path.name for path in out.iterdir()}
    if not held:
        return
    if "recipe.toml" not in held or "environment.json" not in held or held - CONTENT:
        raise RunError(f"{out}: holds files that are no run; choose another --out")
    if not force:
        raise RunError(f"{out}: holds a run already; choose another --out, or --force to replace it")


def free_folder(wish: Path) -> Path:
    """`wish`, or the first of wish-2, wish-3, ... that does not exist yet."""
    folder, number = wish, 1
    while os.path.lexists(folder):
        number += 1
        folder = wish.with_name(f"{wish.name}-{number}")
    return folder


@contextmanager
def new_run(out: Path) -> Iterator[Path]:
    """Hand out a folder aside; on success what it holds becomes `out`, in place of the run that was there.

    On any error, an interrupt included, `out` is what it was before.
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
        if place.exists():
            _replace_content(place, aside)
        else:
            aside.rename(place)
        sync_folder(place.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _replace_content(place: Path, aside: Path) -> None:
    """Move the old run's files out and the new one's in; `place` itself stays, for someone may stand in it."""
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=f".{place.name}.old.") as old:
        for path in place.iterdir():
            path.rename(Path(old) / path.name)
        for path in sorted(aside.iterdir(), key=lambda path: path.name in LAST):
            path.rename(place / path.name)
