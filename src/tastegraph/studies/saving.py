"""What a trained model leaves behind for people to be served from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import torch

from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.saved_model import Folding, SavedModel

if TYPE_CHECKING:
    from tastegraph.data.dataset import Dataset
    from tastegraph.graph.bipartite import BipartiteGraph
    from tastegraph.lightgcn.model import LightGCN
    from tastegraph.lightgcn.training import Trained
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.trial import Trial

__all__ = ["folding_of", "saved_model_of"]


def saved_model_of(trained: Trained, recipe: Recipe, dataset: Dataset, trial: Trial, split_digest: str) -> SavedModel:
    """The model as people are served from it: every item a user rated counts as seen, whatever its part.

    Args:
        trained: the model.
        recipe: how.
        dataset: where names, features and all that was rated come from.
        trial: its split.
        split_digest: SHA-256 of the file that the split is kept in.
    """
    about = {
        "data": {"name": dataset.name, "digest": dataset.digest},
        "split": split_digest,
        "refit": trial.refits,
        "model": recipe.model.model_dump(mode="json"),
        "best_epoch": trained.best_epoch,
    }
    fit = trial.final.split.fit
    rated = dataset.interactions
    user = fit.users.index_of(rated.users.ids)[rated.user]
    item = fit.items.index_of(rated.items.ids)[rated.item]
    learned = (user >= 0) & (item >= 0)
    items = pl.DataFrame({"item": fit.items.ids})
    if dataset.item_table is not None:
        items = items.join(dataset.item_table, on="item", how="left", maintain_order="left")
    return SavedModel(
        *trained.embeddings,
        folding=folding_of(trained.model, trial.final.graph, recipe.model.recency),
        fit=trial.final.graph.items_of,
        users=fit.users,
        items=fit.items,
        item_table=items,
        seen=NeighbourLists.from_pairs(user[learned], item[learned], len(fit.users), len(fit.items)),
        ranking=recipe.model.ranking,
        about=about,
        age=trial.final.graph.age,
    )


def folding_of(model: LightGCN, graph: BipartiteGraph, recency: float = 0.0) -> Folding:
    """The vectors f = alpha_1 E0 + alpha_2 P E0 + ... + alpha_K P^(K-1) E0 of all nodes, and the users' alpha_0 E0.

    Args:
        model: trained on `graph`.
        graph: what it has learned from.
        recency: gamma, how much more a user's later items weigh.
    """
    with torch.no_grad():
        f, own = model.hops(graph), model.alpha[0] * model.E0[: model.num_users]
    users, items = torch.split(f.cpu(), [model.num_users, model.num_items])
    own, users, items = (part.contiguous().cpu() for part in (own, users, items))
    return Folding(own.numpy(), users.numpy(), items.numpy(), model.exponents, recency)
