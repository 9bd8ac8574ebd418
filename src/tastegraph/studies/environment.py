"""environment.json: what a run ran on."""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

import tastegraph
from tastegraph.graph import devices, propagation, top_k_operator
from tastegraph.lightgcn import negatives, pair_scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tastegraph.studies.recipe import Recipe

__all__ = ["describe_environment"]

log = logging.getLogger(__name__)

PACKAGES = ("torch", "torch-geometric", "numba", "numpy", "scipy", "polars", "pydantic", "safetensors")
OF_COMPARING = ("implicit", "scikit-learn", "tensorly", "optuna")  # of the extra; those that are installed


def describe_environment(
    recipe: Recipe,
    digests: Mapping[str, str],
    device: torch.device = devices.CPU,
    *,
    width: int | None = None,
    ranks: int = 1,
) -> dict[str, Any]:
    """Versions, machine and device, commit, seed, data digests, which implementation runs, what its first use took.

    Args:
        recipe: what is going to run.
        digests: of the data's files.
        device: what computes.
        width: columns of E0 in this process; all by default.
        ranks: how many processes train together.
    """
    width, precision = width or recipe.model.embedding_dim, recipe.training.propagation_precision
    compiled = devices.runs_compiled(device)
    first_use = {
        "propagation": propagation.warm_up(width, precision),
        "negatives": negatives.warm_up(recipe.training, width),
        "scores": pair_scores.warm_up(width),
        "ranking": top_k_operator.warm_up(),
    }
    kernels = {
        "path": propagation.path_of(device),
        "precision": propagation.stored_as(precision) if compiled else precision,
        "first_use_seconds": {name: round(seconds, 6) for name, seconds in first_use.items()},
    }
    log.debug("kernels: %s", kernels)
    return {
        "tastegraph": tastegraph.__version__,
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES} | _installed(OF_COMPARING),
        "machine": {
            "system": f"{platform.system()} {platform.release()}",
            "processor": _processor(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "ranks": ranks,
            "device": devices.name_of(device),
            **({"cuda": torch.version.cuda} if device.type == "cuda" else {}),
        },
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "kernels": kernels,
        "seed": recipe.training.seed,
        "data": dict(digests),
    }


def _installed(packages: Sequence[str]) -> dict[str, str]:
    found = {}
    for name in packages:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _commit() -> str | None:
    """The commit that the package is of, "-dirty" where it was changed since; None where it is no checkout of ours."""
    package = Path(tastegraph.__file__).resolve().parent
    if not (package.parents[1] / ".git").exists():
        return None
    try:
        commit = _git(package, "rev-parse", "HEAD")
        return f"{commit}-dirty" if _git(package, "status", "--porcelain", "--", ".") else commit
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=10)  # noqa: S603 (fixed words)
    return done.stdout.strip()
