"""What a run's lists are judged by: both protocols, on validation while it is trained, on test once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tastegraph.ranking.candidates import union
from tastegraph.ranking.full_ranking import FULL_RANKING, full_ranking
from tastegraph.ranking.other_protocols import TUTORIAL
from tastegraph.studies.tutorial.pairs import without
from tastegraph.studies.tutorial.readings import against, relevant_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tastegraph.graph.neighbours import NeighbourLists
    from tastegraph.ranking.full_ranking import Ranker, Relevant
    from tastegraph.studies.tutorial.pairs import Drawn
    from tastegraph.studies.tutorial.ratings import FilmRatings

__all__ = ["SELECT", "SPLITS", "Judge", "K", "rounded"]

K = 10
SPLITS = ("train", "validation", "test")
SELECT = {TUTORIAL: "precision", FULL_RANKING: "ndcg"}  # the validation figure that chooses a run's epoch


@dataclass(frozen=True, eq=False)
class Judge:
    """Judges lists of a draw.

    Attributes:
        ratings: likes and dislikes.
        drawn: what was learned from, and the parts.
    """

    ratings: FilmRatings
    drawn: Drawn

    def validation(self, ranker: Ranker) -> dict[str, Mapping[str, float]]:
        """Figures to choose by, of each protocol; no like of the test part counts in any.

        `tutorial` is against the likes of the training and validation parts, nothing masked.
        """
        return {
            TUTORIAL: against(ranker, self._before_test, None, K),
            FULL_RANKING: self._full(ranker, self._unseen_validation, self._training),
        }

    def test(self, ranker: Ranker, protocol: str) -> dict[str, float]:
        """The test figures of a protocol: `tutorial` against all likes, and all dislikes, nothing masked."""
        if protocol == TUTORIAL:
            return dict(against(ranker, self.ratings.likes, self.ratings.dislikes, K))
        return self._full(ranker, self._unseen_test, self._before_test)

    def own_likes(self, ranker: Ranker) -> dict[str, Mapping[str, float]]:
        """Lists over all films, nothing masked, against the likes of each split alone."""
        return {name: against(ranker, part, None, K) for name, part in zip(SPLITS, self.drawn.parts, strict=True)}

    def _full(self, ranker: Ranker, wanted: Relevant, known: NeighbourLists) -> dict[str, float]:
        means = full_ranking(ranker, wanted, known, [K]).means()
        return {name: means[f"{name}@{K}"] for name in ("precision", "recall", "ndcg")}

    @cached_property
    def _training(self) -> NeighbourLists:
        return self.drawn.parts[0]

    @cached_property
    def _before_test(self) -> NeighbourLists:
        return union(*self.drawn.parts[:2])

    @cached_property
    def _unseen_validation(self) -> Relevant:
        return relevant_of(without(self.drawn.parts[1], self._training))

    @cached_property
    def _unseen_test(self) -> Relevant:
        return relevant_of(without(self.drawn.parts[2], self._before_test))


def rounded(figures: Any) -> Any:
    """Figures with six digits after the point, for records."""
    if isinstance(figures, dict):
        return {name: rounded(value) for name, value in figures.items()}
    if isinstance(figures, (list, tuple)):
        return [rounded(value) for value in figures]
    return round(figures, 6) if isinstance(figures, float) else figures
