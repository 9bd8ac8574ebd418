"""Starting real processes as ranks."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["ENVIRONMENT", "said_by_us", "started", "torchrun"]

LONGEST = 240  # seconds
ENVIRONMENT = os.environ | {"OMP_WAIT_POLICY": "PASSIVE", "OMP_NUM_THREADS": "1"}


def torchrun(ranks: int, *words: str, options: tuple[str, ...] = ()) -> list[str]:
    """The command that starts so many ranks of a module or a file."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(ranks)]
    return [*launcher, *options, *words]


def started(
    ranks: int, *words: str, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """What the ranks came to, once all have ended."""
    return subprocess.run(
        torchrun(ranks, *words),
        check=False,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        cwd=folder,
        env=ENVIRONMENT | dict(environment or {}),
    )


def said_by_us(stderr: str) -> list[str]:
    """The lines that end a command of ours, among all that torchrun writes."""
    return [line for line in stderr.splitlines() if line.startswith("tastegraph: ")]
