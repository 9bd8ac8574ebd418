"""How soon a training comes near its best validation figure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tastegraph.studies.tutorial.results import Estimate, estimate
from tastegraph.studies.tutorial.settings import BATCH_SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tastegraph.studies.tutorial.records import Record

__all__ = ["NEAR", "Convergence", "reached"]

NEAR = 0.95


@dataclass(frozen=True)
class Convergence:
    """Over seeds, with intervals.

    Attributes:
        epochs: until the figure first is NEAR times its best.
        steps: the same in steps.
        seconds: the same in seconds, validations included.
        best: the best figure.
    """

    epochs: Estimate
    steps: Estimate
    seconds: Estimate
    best: Estimate

    @classmethod
    def of(cls, records: Sequence[Record], protocol: str, name: str) -> Convergence:
        """Of the curves of some seeds of one setting of 200 users."""
        metric = f"{protocol} {name}"
        points = [reached(record.figures["epochs"], metric) for record in records]
        steps = [
            point["epoch"] * math.ceil(record.figures["pairs"] / BATCH_SIZE)
            for record, point in zip(records, points, strict=True)
        ]
        best = [max(epoch[metric] for epoch in record.figures["epochs"]) for record in records]
        return cls(
            estimate([point["epoch"] for point in points]),
            estimate(steps),
            estimate([point["seconds"] for point in points]),
            estimate(best),
        )


def reached(epochs: Sequence[dict[str, Any]], metric: str) -> dict[str, Any]:
    """The first epoch whose figure is NEAR times the best one."""
    enough = NEAR * max(epoch[metric] for epoch in epochs)
    return next(epoch for epoch in epochs if epoch[metric] >= enough)
