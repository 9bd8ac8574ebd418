"""Memory that is free, and that this process holds, as Linux and its control groups say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["available_bytes", "own_bytes"]

CGROUPS = Path("/sys/fs/cgroup")
NO_LIMIT = 1 << 60  # what version 1 of control groups says where there is none


def available_bytes() -> int | None:
    """Memory that is free for the asking, within the control groups' limits; None where the system does not say."""
    found = [free for free in (_free_of_machine(), *_free_of_groups()) if free is not None]
    return min(found, default=None)


def own_bytes() -> int:
    """Memory that this process holds already."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return 0


def _free_of_machine() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None


def _free_of_groups() -> Iterator[int]:
    """What the control groups of this process leave it: of version 2, and of version 1."""
    for names in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
        for folder in _groups():
            limit, used = (_number_in(folder / name) for name in names)
            if limit is not None and used is not None and limit < NO_LIMIT:
                yield max(0, limit - used)


def _groups() -> Iterator[Path]:
    """The folders of the control groups of this process, up to the root."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, kinds, path = line.split(":", 2)
        if kinds == "" or "memory" in kinds.split(","):
            own = (CGROUPS / "memory" if kinds else CGROUPS) / path.lstrip("/")
            yield from (folder for folder in (own, *own.parents) if folder.is_relative_to(CGROUPS))


def _number_in(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
