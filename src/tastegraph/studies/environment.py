"""environment.json: what a run ran on."""

from __future__ import annotations

import logging
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

import tastegraph
from tastegraph.graph.propagation import path_of, warm_up

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tastegraph.studies.recipe import Recipe

__all__ = ["describe_environment"]

log = logging.getLogger(__name__)

PACKAGES = ("torch", "torch-geometric", "numba", "numpy", "polars", "pydantic", "safetensors")


def describe_environment(recipe: Recipe, digests: Mapping[str, str]) -> dict[str, Any]:
    """Versions, machine, commit, seed, which implementation propagates, and the digests of the data files."""
    width, precision = recipe.model.embedding_dim, recipe.training.propagation_precision
    propagation = {
        "path": path_of(torch.zeros(1)),
        "precision": precision,
        "first_use_seconds": round(warm_up(width, precision), 3),
    }
    log.debug("propagation: %s", propagation)
    return {
        "tastegraph": tastegraph.__version__,
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "machine": {
            "system": f"{platform.system()} {platform.release()}",
            "processor": _processor(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
        },
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "propagation": propagation,
        "seed": recipe.training.seed,
        "data": dict(digests),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _commit() -> str | None:
    """The commit of the source tree we run from, or None where that is no checkout of ours."""
    source = Path(tastegraph.__file__).resolve().parents[2]
    if not (source / ".git").exists():
        return None
    try:
        command = [
            "git",
            "-C",
            str(source),
            "describe",
            "--always",
            "--dirty",
            "--abbrev=40",
            "--exclude=*",
        ]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=10)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
