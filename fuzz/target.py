"""A target with bytes to start from, for as long as the command line says."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import atheris

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["fuzz"]

SECONDS = 120


def fuzz(one_input: Callable[[bytes], None], seeds: Iterable[bytes]) -> None:
    """Fuzz until the time is up; two minutes if nothing else is said.

    Args:
        one_input: takes bytes, and raises what is a fault.
        seeds: sound inputs, where the command line names no folder of some.
    """
    arguments = sys.argv[1:]
    if not any(argument.startswith("-max_total_time") for argument in arguments):
        arguments.append(f"-max_total_time={SECONDS}")
    if not any(not argument.startswith("-") for argument in arguments):
        corpus = Path(tempfile.mkdtemp(prefix="tastegraph-corpus-"))
        for number, seed in enumerate(seeds):
            (corpus / f"seed-{number}").write_bytes(seed)
        arguments.append(str(corpus))
    atheris.Setup([sys.argv[0], *arguments], one_input)
    atheris.Fuzz()
