from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from tastegraph.errors import ModelError
from tastegraph.lightgcn.checkpoint import load_checkpoint, save_checkpoint
from tastegraph.lightgcn.config import ModelConfig, TrainingConfig
from tastegraph.lightgcn.training import train

if TYPE_CHECKING:
    from pathlib import Path

    from tastegraph.graph.bipartite import BipartiteGraph


@pytest.mark.parametrize("alpha", ["uniform", "learned", (0.2, 0.3, 0.5)])
def test_a_loaded_model_gives_the_same_embeddings(
    toy: BipartiteGraph, tmp_path: Path, alpha: str | tuple[float, ...]
) -> None:
    shape = ModelConfig(embedding_dim=4, num_layers=2, alpha=alpha)  # type: ignore[arg-type]
    trained = train(toy, shape, TrainingConfig(epochs=2))
    save_checkpoint(trained, shape, tmp_path / "best.safetensors")
    with torch.no_grad():
        e_users, e_items = load_checkpoint(tmp_path / "best.safetensors")(toy)
    assert np.array_equal(e_users.numpy(), trained.embeddings[0])
    assert np.array_equal(e_items.numpy(), trained.embeddings[1])


@pytest.mark.parametrize("content", [b"", b"not a checkpoint at all"])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="not a checkpoint"):
        load_checkpoint(tmp_path / "x.safetensors")
