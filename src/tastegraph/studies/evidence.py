"""Evidence: all that models of one trial are judged by, under any protocol, beyond accuracy and by group."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tastegraph.errors import EvaluationError
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.ranking.catalogue import Catalogue
from tastegraph.ranking.full_ranking import Relevant, full_ranking
from tastegraph.ranking.groups import activity_bands, age_bands, by_item_band, by_user_group, popularity_bands
from tastegraph.ranking.other_protocols import (
    RATED_ONLY,
    SAMPLED_NEGATIVES,
    TUTORIAL,
    rated_only,
    sampled_negatives,
    tutorial,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tastegraph.data.dataset import Dataset
    from tastegraph.data.splits import Split
    from tastegraph.data.vocabulary import Vocabulary
    from tastegraph.ranking.full_ranking import Judged, Ranker
    from tastegraph.ranking.groups import Group
    from tastegraph.ranking.other_protocols import ProtocolName
    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.trial import Trial

__all__ = ["Evidence", "dislikes_of", "likes_of"]

USER_GROUPS = ("gender", "age", "occupation")


@dataclass(frozen=True, eq=False)
class Evidence:
    """What models are judged by on the test part.

    Attributes:
        trial: the trial that the test part is judged in (`Trial.final`).
        dislikes: what each user rated below the threshold; None where no such rating is at hand.
        item_table: one row an item in index order, with genres where the source has them; or None.
        user_table: one row a user in index order, with gender, age, occupation where the source has them; or None.
    """

    trial: Trial
    dislikes: NeighbourLists | None = None
    item_table: pl.DataFrame | None = None
    user_table: pl.DataFrame | None = None

    @classmethod
    def of(cls, trial: Trial, dataset: Dataset, recipe: Recipe) -> Evidence:
        """All that a data set has to say."""
        final, fit = trial.final, trial.final.split.fit
        items = _in_index_order(dataset.item_table, "item", fit.items)
        users = _in_index_order(dataset.user_table, "user", fit.users)
        return cls(final, dislikes_of(dataset, recipe.threshold, final.split), items, users)

    def judge(
        self, ranker: Ranker, k: Sequence[int], protocol: ProtocolName = "full-ranking", *, negatives: int = 100,
        seed: int = 0,
    ) -> Judged:  # fmt: skip
        """Judge lists under a protocol.

        Args:
            ranker: makes the lists.
            k: lengths K.
            protocol: see `ranking.full_ranking` and `ranking.other_protocols`.
            negatives: items drawn for each user, of sampled negatives.
            seed: of that draw.

        Raises:
            EvaluationError: the protocol needs what is not there, or a length is below 1.
            LeakError: a held-out pair is masked.
        """
        trial = self.trial
        if protocol == TUTORIAL:
            return tutorial(ranker, self.likes, self.dislikes, k)
        self.check(protocol)
        if protocol == RATED_ONLY and self.dislikes is not None:
            return rated_only(ranker, trial.test, self.dislikes, k)
        if protocol == SAMPLED_NEGATIVES:
            return sampled_negatives(ranker, trial.test, trial.known, k, negatives=negatives, seed=seed)
        return full_ranking(ranker, trial.test, trial.known, k)

    def check(self, protocol: ProtocolName) -> None:
        """Refuse a protocol that needs what is not there, before anything is fitted.

        Raises:
            EvaluationError: ratings below a threshold are needed, and there are none.
        """
        if protocol == RATED_ONLY and self.dislikes is None:
            raise EvaluationError(
                f"protocol {RATED_ONLY} needs ratings below a threshold; the data has no ratings or no threshold"
            )

    @cached_property
    def likes(self) -> Relevant:
        """All positives of each user of the fit part, of whatever part: what the tutorial scores against."""
        return likes_of(self.trial.split)

    @cached_property
    def catalogue(self) -> Catalogue:
        """Items and profiles of the fit part."""
        table = self.item_table
        genres = table["genres"] if table is not None and "genres" in table.columns else None
        listed = genres is not None and genres.dtype == pl.List(pl.String)
        return Catalogue.of(self.trial.graph.items_of, genres.to_list() if genres is not None and listed else None)

    def groups(self, judged: Judged, k: Sequence[int]) -> dict[str, list[Group]]:
        """The metrics by activity of users and by what is known of them, and recall by popularity of items."""
        counts = self.catalogue.profiles.counts[judged.users]
        found = {"activity": by_user_group(judged, activity_bands(counts))}
        wanted = self.likes if judged.protocol == TUTORIAL else self.trial.test
        sizes = np.bincount(self.catalogue.profiles.index, minlength=self.catalogue.profiles.num_columns)
        found["item popularity"] = by_item_band(judged, wanted, popularity_bands(sizes), k)
        for name in USER_GROUPS:
            if self.user_table is None or name not in self.user_table.columns:
                continue
            cells = self.user_table[name].gather(judged.users)
            number = name == "age" and cells.dtype.is_numeric()
            labels = age_bands(cells.to_list()) if number else cells.cast(pl.String, strict=False).to_list()
            found[name] = by_user_group(judged, labels)
        return found


def _in_index_order(table: pl.DataFrame | None, role: str, vocabulary: Vocabulary) -> pl.DataFrame | None:
    if table is None:
        return None
    return pl.DataFrame({role: vocabulary.ids}).join(table, on=role, how="left", maintain_order="left")


def dislikes_of(dataset: Dataset, threshold: float | None, split: Split) -> NeighbourLists | None:
    """What each user of the fit part rated below the threshold, of the items of the fit part.

    None of it is in any part of a split, which are of positives alone, and no model learns from it: all of it is held
    out. None where there are no ratings or there is no threshold.
    """
    rated, fit = dataset.interactions, split.fit
    if rated.value is None or threshold is None:
        return None
    below = rated.where(rated.value < np.float32(threshold))
    user = fit.users.index_of(below.users.ids)[below.user]
    item = fit.items.index_of(below.items.ids)[below.item]
    known = (user >= 0) & (item >= 0)
    return NeighbourLists.from_pairs(user[known], item[known], len(fit.users), len(fit.items))


def likes_of(split: Split) -> Relevant:
    """All positives of each user of the fit part, of fit, validation and test."""
    pairs, fit = split.positives, split.fit
    user = fit.users.index_of(pairs.users.ids)[pairs.user]
    item = fit.items.index_of(pairs.items.ids)[pairs.item]
    known = user >= 0
    return Relevant.from_pairs(user[known], item[known], len(fit.users), len(fit.items))
