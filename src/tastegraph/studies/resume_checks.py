"""Whether an unfinished run may be gone on with: by the same settings, data and version; else what differs is told."""

from __future__ import annotations

import json
import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import tastegraph
from tastegraph.data.splits import Split
from tastegraph.errors import RunError
from tastegraph.graph.devices import name_of
from tastegraph.studies.differences import differences
from tastegraph.studies.recipe import load_recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import torch

    from tastegraph.data.dataset import Dataset
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.trial import Trial

__all__ = ["as_seen_from_there", "check_same_data", "check_settings", "recipe_to_go_on_with"]

COMPUTES = ("torch", "numba", "numpy")  # another version of one may round otherwise


def check_settings(path: Path, out: Path, wanted: Recipe | None) -> Recipe:
    """The settings of a run, in a file, which are those that are wanted.

    Raises:
        RunError: others are wanted; what differs is named.
    """
    recipe = load_recipe(path)
    other = [] if wanted is None else list(differences(recipe.model_dump(mode="json"), wanted.model_dump(mode="json")))
    if other:
        raise RunError(f"{out}: the run's settings are others: {'; '.join(other)}; begin a new run for new settings")
    return recipe


def as_seen_from_there(recipe: Recipe, folder: Path, out: Path) -> Recipe:
    """The recipe with its data where they are: a relative path is taken from where the run began.

    Args:
        recipe: of the run.
        folder: where it lies until it is finished.
        out: where it will lie; the way from there to where it began stands in environment.json.
    """
    way = json.loads((folder / "environment.json").read_text(encoding="utf-8")).get("folder")
    there = Path(os.path.normpath(out.absolute() / str(way))) / recipe.data.source
    if way is None or Path(recipe.data.source).exists() or not there.exists():
        return recipe
    return recipe.with_keys({"data.source": str(there)})


def recipe_to_go_on_with(
    folder: Path, out: Path, wanted: Recipe | None, device: torch.device, say: Callable[[str], None]
) -> Recipe:
    """The settings of an unfinished run.

    Args:
        folder: of the run, its files intact (`check_seal`).
        out: what people call it.
        wanted: what was asked for beside the folder, or None.
        device: what is to compute.
        say: is told of a machine that may round otherwise.

    Raises:
        RunError: other settings are wanted, or another version of TasteGraph began the run.
    """
    recipe = check_settings(folder / "recipe.toml", out, wanted)
    environment = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    if (began := environment["tastegraph"]) != tastegraph.__version__:
        raise RunError(
            f"{out}: tastegraph {began} began this run, this is {tastegraph.__version__}; "
            f"go on with that version, or begin anew"
        )
    for line in _may_round_otherwise(environment, device):
        say(f"warning: {line}; what follows may differ in the last bits from a run without interruption")
    return recipe


def check_same_data(folder: Path, out: Path, dataset: Dataset, trial: Trial) -> None:
    """Fail if a run began with other data, or another split of it.

    Raises:
        RunError: it did; the files that differ are named.
    """
    began = json.loads((folder / "environment.json").read_text(encoding="utf-8"))["data"]
    if other := list(differences(began, dataset.digests)):
        raise RunError(f"{out}: the data has changed since the run began: {'; '.join(other)}")
    split = Split.load(folder / "split.parquet")
    same = len(split.part) == len(trial.split.part) and np.array_equal(split.part, trial.split.part)
    if not same:
        raise RunError(f"{out}: the data is split otherwise than when the run began")


def _may_round_otherwise(environment: Mapping[str, Any], device: torch.device) -> Iterator[str]:
    began = environment["machine"].get("device", "cpu")
    if began != (now := name_of(device)):
        yield f"the run began on {began}, this is {now}"
    for name in COMPUTES:
        try:
            now = version(name)
        except PackageNotFoundError:
            continue
        if (then := environment["packages"].get(name)) != now:
            yield f"the run began with {name} {then}, this is {now}"
