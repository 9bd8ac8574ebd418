"""LightGCN behind the protocol of the baselines: `fit(interactions)`, `rank(users, k, exclude)`, save and load."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from tastegraph.baselines.history import shape_of
from tastegraph.baselines.lists import known_users
from tastegraph.data.interaction_age import ages_of
from tastegraph.errors import ModelError
from tastegraph.files import write_json, written_whole
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.lightgcn.config import ModelConfig, TrainingConfig
from tastegraph.lightgcn.ranking import InnerProduct
from tastegraph.lightgcn.training import train

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from tastegraph.data.interactions import Interactions
    from tastegraph.graph.neighbours import NeighbourLists
    from tastegraph.lightgcn.ranking import Embeddings

__all__ = ["FittedLightGCN"]

SCHEMA = 1


class FittedLightGCN:
    """A LightGCN that is trained for all its epochs on whatever it is handed; nothing is validated.

    A user without a positive has only its own random start: an arbitrary list.

    Args:
        model: size and shape.
        training: how to train.

    Attributes:
        embeddings: users' and items' rows whose inner products rank, float32 [users, d] and [items, d], after `fit`.
    """

    name: ClassVar[str] = "lightgcn"
    title: ClassVar[str] = "LightGCN"

    def __init__(self, model: ModelConfig | None = None, training: TrainingConfig | None = None) -> None:
        self.model, self.training = model or ModelConfig(), training or TrainingConfig()

    def fit(self, interactions: Interactions) -> Self:
        """Train on all pairs, afresh.

        Raises:
            ModelError: there is no pair, no user has a negative, or the loss is not finite.
        """
        num_users, num_items = shape_of(interactions)
        age = ages_of(interactions) if self.model.recency else None
        graph = BipartiteGraph.from_pairs(interactions.user, interactions.item, num_users, num_items, age)
        self.embeddings: Embeddings = train(graph, self.model, self.training).embeddings
        self.num_users = num_users
        return self

    def rank(self, users: NDArray[np.integer], k: int, exclude: NeighbourLists | None) -> NDArray[np.int32]:
        """The `k` best items of each user, int32 [n, k]; -1 where there is no further item.

        Raises:
            ModelError: it is not fitted, or k is below 1.
            UnknownUserError: a user index is out of range.
        """
        asked = known_users(self, users)
        return InnerProduct(self.embeddings).rank(asked, k, exclude)

    def save(self, folder: Path) -> None:
        """Write lightgcn.safetensors and lightgcn.json into a folder, each whole.

        Raises:
            ModelError: it is not fitted.
            OSError: the system refused.
        """
        if not hasattr(self, "num_users"):
            raise ModelError(f"{self.title} is not fitted; there is nothing to save")
        e_users, e_items = self.embeddings
        folder.mkdir(parents=True, exist_ok=True)
        with written_whole(folder / "lightgcn.safetensors") as aside:
            aside.write_bytes(save({"users": e_users, "items": e_items}))
        about = {"schema": SCHEMA, "model": self.model.model_dump(mode="json")}
        about["training"] = self.training.model_dump(mode="json")
        write_json(folder / "lightgcn.json", about)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote.

        Raises:
            ModelError: the folder holds no such model, or a damaged one.
        """
        try:
            about = json.loads((folder / "lightgcn.json").read_text(encoding="utf-8"))
            model = ModelConfig.model_validate(about["model"])
            loaded = cls(model, TrainingConfig.model_validate(about["training"]))
            arrays = load_file(folder / "lightgcn.safetensors")
            loaded.embeddings = arrays["users"], arrays["items"]
            loaded.num_users = len(arrays["users"])
        except (OSError, ValueError, KeyError, TypeError, ValidationError, SafetensorError) as error:
            raise ModelError(
                f"{folder}: no saved LightGCN, or a damaged one ({' '.join(str(error).split())})"
            ) from error
        return loaded
