"""A trial: a split, with the graph and the answers that training and judging need of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tastegraph.data.interaction_age import ages_of
from tastegraph.data.pairs import ascending
from tastegraph.errors import NOTHING_TO_RANK, DataError, LeakError
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.graph.neighbours import NeighbourLists
from tastegraph.ranking.full_ranking import Relevant
from tastegraph.ranking.leaks import check_leaks

if TYPE_CHECKING:
    from tastegraph.data.cleaning import Removed
    from tastegraph.data.dataset import Dataset
    from tastegraph.data.splits import HeldOut, Split
    from tastegraph.studies.recipe import Recipe

__all__ = ["Trial"]


@dataclass(frozen=True, eq=False)
class Trial:
    """One split, ready to be learned from and judged by.

    What a search calls a trial, as Optuna does, is another thing: settings tried on one of these (`Draw`, `attempt`).

    Attributes:
        split: the positives in three parts.
        refits: whether the chosen model is trained again on fit and validation together before it is tested, as
            where the test part is given: by a published split, a shipped fold, a column.
        removed: what each step of cleaning took.
        aged: whether the graph is to tell which of a user's items are later.
    """

    split: Split
    refits: bool
    removed: tuple[Removed, ...] = ()
    aged: bool = False

    @classmethod
    def of(cls, dataset: Dataset, recipe: Recipe) -> Trial:
        """A data set's positives, split as the recipe says, or as published.

        Raises:
            DataError: nothing is positive, a part is empty, or no user has a negative.
            LeakError: as `check_leaks`.
        """
        split, removed = dataset.divided(recipe.threshold, recipe.split, recipe.cleaning)
        trial = cls(split, refits=dataset.gives_test(recipe.split), removed=removed, aged=recipe.model.recency > 0)
        try:
            trial._check()
            trial.check_leaks()
        except DataError as error:
            raise DataError(str(error), path=dataset.path) from None
        except LeakError as error:
            raise LeakError(f"{dataset.path}: {error}") from None
        return trial

    def _check(self) -> None:
        if bool((self.graph.items_of.counts == self.graph.num_items).all()):
            raise DataError(NOTHING_TO_RANK)
        for name, relevant in (("validation", self.validation), ("test", self.test)):
            if not len(relevant.users):
                raise DataError(
                    f"the {name} part is empty: no user of the fit part has a positive held out for it "
                    "(a user needs two positives for a test pair, three for a validation pair)"
                )

    def check_leaks(self) -> None:
        """Fail if a pair is in two parts, or a held-out pair in what is learned from or masked when it is judged.

        Every run and every evaluation asks, of the very graph and mask that it is going to use.

        Raises:
            LeakError: some are; their number and the first one are named.
        """
        _check_parts(self.split)
        graph = {"the graph that the model learns from": self.graph.items_of}
        check_leaks("validation", self.validation, graph, self._name_of)
        masked = {"the positives masked at the test": self.known}
        check_leaks("test", self.test, {**graph, "the validation part": self.validation.lists, **masked}, self._name_of)
        if self.refits:
            self.final.check_leaks()

    def _name_of(self, user: int, item: int) -> str:
        return f"user {self.split.fit.users.ids[user]}, item {self.split.fit.items.ids[item]}"

    @cached_property
    def graph(self) -> BipartiteGraph:
        """The fit part's graph.

        Raises:
            DataError: it is to tell which items are later, and the source has no times.
        """
        fit = self.split.fit
        age = ages_of(fit) if self.aged else None
        if self.aged and age is None:
            raise DataError("model.recency needs to know which of a user's items are later, and there are no times")
        return BipartiteGraph.from_pairs(fit.user, fit.item, len(fit.users), len(fit.items), age)

    @cached_property
    def validation(self) -> Relevant:
        """What is to be found on validation."""
        return self._relevant(self.split.validation)

    @cached_property
    def test(self) -> Relevant:
        """What is to be found on test."""
        return self._relevant(self.split.test)

    @cached_property
    def known(self) -> NeighbourLists:
        """The positives masked when the test part is judged: fit and validation."""
        user, item = self.split.known(validation=True)
        return NeighbourLists.from_pairs(user, item, self.graph.num_users, self.graph.num_items)

    @cached_property
    def final(self) -> Trial:
        """The trial that the test part is judged in: this one, or the one with validation learned from."""
        return Trial(self.split.refit(), refits=False, aged=self.aged) if self.refits else self

    def _relevant(self, held: HeldOut) -> Relevant:
        return Relevant.from_pairs(held.user, held.item, self.graph.num_users, self.graph.num_items)


def _check_parts(split: Split) -> None:
    """Fail if a pair is in two parts, cold items included, which stand in no graph."""
    pairs = split.positives
    if ascending(pairs.user, pairs.item):
        return
    key = pairs.user.astype(np.int64) * len(pairs.items) + pairs.item
    order = np.lexsort((split.part, key))
    key, part = key[order], split.part[order]
    twice = np.flatnonzero((key[1:] == key[:-1]) & (part[1:] != part[:-1]))
    if len(twice):
        user, item = divmod(int(key[twice[0]]), len(pairs.items))
        raise LeakError(
            f"the split leaks: {len(twice):,} {'pair is' if len(twice) == 1 else 'pairs are'} in more than one part; "
            f"the first is user {pairs.users.ids[user]}, item {pairs.items.ids[item]}"
        )
