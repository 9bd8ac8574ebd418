"""A fitted baseline in a folder: its learned arrays as safetensors, `baseline.json` for what it is. No pickle.

`baseline.json` is written last and holds the digest of the arrays, so a folder cut short is never read as whole.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_array, issparse

from tastegraph.baselines.models import BASELINES
from tastegraph.errors import ModelError
from tastegraph.files import reason_of, sha256_of, write_json, written_whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.baselines.protocol import Baseline

    Arrays = dict[str, NDArray[Any]]

__all__ = ["SCHEMA", "load_baseline", "save_baseline"]

SCHEMA = 1
ARRAYS, ABOUT = "arrays.safetensors", "baseline.json"
SPARSE_PARTS = ("data", "indices", "indptr", "shape")


def save_baseline(model: Baseline, folder: str | Path) -> None:
    """Write a fitted model to `folder`, which is made where it is missing.

    Raises:
        ModelError: the model is not fitted.
    """
    if not hasattr(model, "num_users"):
        raise ModelError(f"{model.title} is not fitted; there is nothing to save")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with written_whole(folder / ARRAYS) as aside:
        save_file(_arrays_of(model), aside)
    about = {
        "schema": SCHEMA,
        "model": model.name,
        "hyperparameters": model.config.model_dump(),
        "users": model.num_users,
        "items": model.num_items,
        "arrays_sha256": sha256_of(folder / ARRAYS),
    }
    write_json(folder / ABOUT, about)


def load_baseline(folder: str | Path) -> Baseline:
    """The model that `save_baseline` wrote, ready to rank.

    Raises:
        ModelError: there is no saved baseline, its schema is another, or a file is missing, altered or not one of ours.
    """
    folder = Path(folder)
    about = _about(folder)
    arrays = _read_arrays(folder / ARRAYS, about["arrays_sha256"])
    try:
        model = BASELINES[about["model"]](**about["hyperparameters"])
        for name in model.LEARNED:
            setattr(model, name, _learned(arrays, name))
        model.num_users, model.num_items = int(about["users"]), int(about["items"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{folder}: not a saved baseline ({str(error).splitlines()[0]})") from error
    return model


def _arrays_of(model: Baseline) -> Arrays:
    arrays: Arrays = {}
    for name in model.LEARNED:
        value = getattr(model, name)
        if issparse(value):
            arrays |= {f"{name}.{part}": np.asarray(getattr(value, part)) for part in SPARSE_PARTS}
        else:
            arrays[name] = np.ascontiguousarray(value)
    return arrays


def _learned(arrays: Arrays, name: str) -> Any:
    if name in arrays:
        return arrays[name]
    data, indices, indptr, shape = (arrays[f"{name}.{part}"] for part in SPARSE_PARTS)
    return csr_array((data, indices, indptr), shape=tuple(shape.tolist()))


def _about(folder: Path) -> dict[str, Any]:
    path = folder / ABOUT
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path}: {reason_of(error)}; expected a saved baseline") from error
    except ValueError as error:
        raise ModelError(f"{path}: not JSON") from error
    if not isinstance(about, dict) or type(about.get("schema")) is not int:
        raise ModelError(f"{path}: holds no schema number")
    if about["schema"] != SCHEMA:
        raise ModelError(f"{path}: schema {about['schema']}; this version of tastegraph reads schema {SCHEMA}")
    if about.get("model") not in list(BASELINES):
        raise ModelError(f"{path}: no model {about.get('model')!r}; known are {', '.join(BASELINES)}")
    if not {"hyperparameters", "users", "items", "arrays_sha256"} <= about.keys():
        raise ModelError(f"{path}: does not describe a whole model")
    return about


def _read_arrays(path: Path, digest: str) -> Arrays:
    if not path.is_file():
        raise ModelError(f"{path}: no such file; the model is incomplete")
    if sha256_of(path) != digest:
        raise ModelError(f"{path}: altered since the model was saved (SHA-256 differs)")
    try:
        arrays: Arrays = load_file(path)
    except SafetensorError as error:
        raise ModelError(f"{path}: not safetensors ({error})") from error
    return arrays
