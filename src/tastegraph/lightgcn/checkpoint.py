"""Checkpoints: a model's trainable tensors as safetensors, with what is needed to build it again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from tastegraph.errors import ModelError
from tastegraph.files import written_whole
from tastegraph.lightgcn.config import ModelConfig
from tastegraph.lightgcn.model import LightGCN

if TYPE_CHECKING:
    from pathlib import Path

    from tastegraph.lightgcn.training import Trained

__all__ = ["load_checkpoint", "save_checkpoint"]


def save_checkpoint(trained: Trained, shape: ModelConfig, path: Path) -> None:
    """Write E0 (and alpha_logits, where alpha is learned) of the best epoch."""
    about = {
        "num_users": trained.model.num_users,
        "num_items": trained.model.num_items,
        "model": shape.model_dump(),
        "epoch": trained.best_epoch,
    }
    with written_whole(path) as aside:
        # One metadata entry: safetensors writes several in no fixed order, and equal runs make equal files.
        save_file(trained.model.state_dict(), aside, metadata={"about": json.dumps(about)})


def load_checkpoint(path: Path) -> LightGCN:
    """The model that `save_checkpoint` wrote.

    Raises:
        ModelError: the file is missing or no checkpoint of ours.
    """
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads(file.metadata()["about"])
            shape = ModelConfig.model_validate(about["model"])
            model = LightGCN(about["num_users"], about["num_items"], **shape.size)
            model.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ModelError(f"{path}: not a checkpoint ({str(error).splitlines()[0]})") from error
    return model
