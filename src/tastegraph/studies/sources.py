"""The state of the code that figures come from, as a digest of its source files."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.resources.abc import Traversable

__all__ = ["digest_of_sources"]


def digest_of_sources(rooms: Sequence[str], others: Sequence[str] = ()) -> str:
    """SHA-256 over source files of this package.

    Args:
        rooms: folders of it, without what lies deeper; all their modules.
        others: paths of more modules in it.
    """
    package = files("tastegraph")
    sources: list[tuple[str, Traversable]] = [(name, package.joinpath(*name.split("/"))) for name in others]
    sources += [
        (f"{room}/{file.name}", file)
        for room in rooms
        for file in package.joinpath(room).iterdir()
        if file.name.endswith(".py")
    ]
    lines = (
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {name}\n"
        for name, file in sorted(sources, key=lambda s: s[0])
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()
