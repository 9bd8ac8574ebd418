"""One `tastegraph train` in a process of its own: what it came to, its peak memory and what was told of it, as JSON.

Usage: python -m benchmarks.one_run DATA RECIPE, with RECIPE one that comes along, or `defaults`.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.peak_memory import peak_mb

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DEFAULTS"]

DEFAULTS = "defaults"
MB = 1_000_000


def main(data: str, recipe: str) -> dict[str, Any]:
    """Train, then estimate the need as the command line did before it trained."""
    options = [] if recipe == DEFAULTS else ["--recipe", recipe]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "run"
        began = time.perf_counter()
        _type("train", data, *options, "--out", str(folder))
        seconds, peak = time.perf_counter() - began, peak_mb()
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        needed = _needed(folder / "recipe.toml")
    return {"seconds": seconds, "peak": round(peak * MB), "needed": needed, **_kept(result)}


def _type(*words: str) -> None:
    """What `tastegraph WORDS` does, in this process, so that its peak is ours.

    Raises:
        SystemExit: it failed.
    """
    from tastegraph.cli.main import run

    sys.argv[1:] = words
    try:
        run()
    except SystemExit as ended:
        if ended.code:
            raise


def _needed(recipe: Path) -> int:
    from tastegraph.data.load import load
    from tastegraph.studies.memory import need_of_run
    from tastegraph.studies.recipe import load_recipe
    from tastegraph.studies.trial import Trial

    resolved = load_recipe(recipe)
    dataset = load(resolved.data.source, options=resolved.data.reading)
    return need_of_run(Trial.of(dataset, resolved), resolved).total


def _kept(result: Mapping[str, Any]) -> dict[str, Any]:
    """Of result.json what tables are made of: counts, and each model's test figures with their intervals."""
    data, models = result["data"], {"lightgcn": result, **result["baselines"]}
    return {
        "data": {name: data[name] for name in ("name", "users", "items", "interactions", "positives", "refit")},
        "users": {"learned": data["fit"]["users"], **result["users"]},
        "models": {
            name: {
                "test": part["metrics"]["test"],
                "intervals": part["intervals"]["test"],
                "best_epoch": part["best_epoch"],
                "seconds": part["seconds"],
            }
            for name, part in models.items()
        },
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
