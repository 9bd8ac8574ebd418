"""Run directories: which one may be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tastegraph.errors import RunError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_folder", "free_folder"]


def check_folder(out: Path, *, force: bool) -> None:
    """Refuse a folder that already holds something, unless it is a run and `force` is set.

    Raises:
        RunError: `out` is in the way.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise RunError(f"{out}: is a file; a run needs a folder")
    if not any(out.iterdir()):
        return
    if not (out / "recipe.toml").exists():
        raise RunError(f"{out}: holds files that are no run; choose another --out")
    if not force:
        raise RunError(f"{out}: holds a run already; choose another --out, or --force to replace it")


def free_folder(wish: Path) -> Path:
    """`wish`, or the first of wish-2, wish-3, ... that does not exist yet."""
    folder, number = wish, 1
    while folder.exists():
        number += 1
        folder = wish.with_name(f"{wish.name}-{number}")
    return folder
