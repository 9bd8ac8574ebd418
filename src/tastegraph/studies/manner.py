"""In what manner lists are judged, and what they come to, for machines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tastegraph.ranking.beyond import beyond_accuracy
from tastegraph.ranking.exposure import exposure
from tastegraph.ranking.intervals import bootstrap_intervals
from tastegraph.ranking.other_protocols import RATED_ONLY, SAMPLED_NEGATIVES, SAMPLING_MISLEADS, TUTORIAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tastegraph.ranking.full_ranking import Judged
    from tastegraph.ranking.groups import Group
    from tastegraph.ranking.other_protocols import ProtocolName
    from tastegraph.studies.evidence import Evidence

__all__ = ["Manner", "describe", "describe_groups", "widened"]


@dataclass(frozen=True)
class Manner:
    """How lists are judged.

    Attributes:
        k: lengths of the lists; those of the run or recipe where None.
        protocol: what lists are made of and what counts as a hit.
        negatives: of sampled negatives, how many are drawn for each user.
        seed: of that draw.
        beyond: whether to judge beyond accuracy too.
        groups: whether to tell the figures by group.
    """

    k: Sequence[int] | None = None
    protocol: ProtocolName = "full-ranking"
    negatives: int = 100
    seed: int = 0
    beyond: bool = False
    groups: bool = False

    @property
    def asks_the_data(self) -> bool:
        """Whether more is needed than a run directory holds: ratings below the threshold, features of users."""
        return self.groups or self.protocol in (RATED_ONLY, TUTORIAL)


def widened(judged: Judged, evidence: Evidence, k: Sequence[int]) -> Judged:
    """The same lists with their metrics beyond accuracy, at every K."""
    beyond = beyond_accuracy(judged.lists, judged.users, evidence.catalogue, k)
    return replace(judged, values={**judged.values, **beyond})


def describe(judged: Judged, evidence: Evidence, manner: Manner, warnings: Sequence[str] = ()) -> dict[str, Any]:
    """What judged lists come to, for machines: metric names are lower case, name@K, and intervals are of 95 %."""
    k = list(manner.k or ())
    figures = {}
    if manner.beyond:
        judged = widened(judged, evidence, k)
        figures = exposure(judged.lists, evidence.catalogue.profiles.num_columns, k)
    means = judged.means()
    intervals = bootstrap_intervals({name: judged.values[name] for name in means})
    described: dict[str, Any] = {
        "protocol": judged.protocol,
        "k": k,
        "metrics": {"test": means | {name: figure.value for name, figure in figures.items()}},
        "intervals": {
            "test": {name: list(ends) for name, ends in intervals.items()}
            | {name: list(figure.interval) for name, figure in figures.items()}
        },
        "users": {"test": len(judged.users)},
    }
    if judged.protocol == SAMPLED_NEGATIVES:
        described |= {"negatives": manner.negatives, "seed": manner.seed}
        warnings = [*warnings, SAMPLING_MISLEADS]
    if manner.groups:
        described["groups"] = describe_groups(judged, evidence, k)
    return described | {"warnings": list(warnings)}


def describe_groups(judged: Judged, evidence: Evidence, k: Sequence[int]) -> dict[str, list[dict[str, Any]]]:
    """What judged lists come to by group, for machines; see `Evidence.groups`."""
    return {name: [_described(group) for group in groups] for name, groups in evidence.groups(judged, k).items()}


def _described(group: Group) -> dict[str, Any]:
    items = {} if group.items is None else {"items": group.items}
    intervals = {name: list(ends) for name, ends in group.intervals.items()}
    return {"name": group.name, "users": group.users, **items, "metrics": dict(group.means), "intervals": intervals}
