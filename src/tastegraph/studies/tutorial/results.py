"""Records together: means over seeds, with their 95 % intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from scipy.stats import t as student

from tastegraph.studies.tutorial.experiments import SAMPLES, Scale
from tastegraph.studies.tutorial.settings import NUM_USERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tastegraph.studies.tutorial.records import Record
    from tastegraph.studies.tutorial.settings import Setting

__all__ = ["Estimate", "Results", "estimate"]


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds.

    Attributes:
        mean: of the seeds' values.
        half: half the width of its 95 % interval by Student's t; None of a single seed.
    """

    mean: float
    half: float | None

    def __format__(self, spec: str) -> str:
        """The mean, and what the interval adds and takes."""
        spec = spec or ".4f"
        return format(self.mean, spec) + ("" if self.half is None else f" ±{format(self.half, spec)}")

    def is_above(self, other: Estimate) -> bool:
        """Whether this interval lies above the other one; a single seed has only its value."""
        return self.mean - (self.half or 0.0) > other.mean + (other.half or 0.0)


def estimate(values: Sequence[float]) -> Estimate:
    """The mean of the seeds' values, at least one, and its interval."""
    n = len(values)
    half = float(student.ppf(0.975, n - 1)) * stdev(values) / math.sqrt(n) if n > 1 else None
    return Estimate(mean(values), half)


@dataclass(frozen=True, eq=False)
class Results:
    """Records of one state of code and data.

    Attributes:
        records: at least one.
    """

    records: Sequence[Record]

    @cached_property
    def _by_setting(self) -> Mapping[Setting, list[Record]]:
        found: dict[Setting, list[Record]] = {}
        for record in sorted(self.records, key=lambda record: record.seed):
            found.setdefault(record.setting, []).append(record)
        return found

    @property
    def seeds(self) -> list[int]:
        """All seeds that anything was run with."""
        return sorted({record.seed for record in self.records})

    @cached_property
    def scales(self) -> list[Scale]:
        """200 users, all users: those of which there is a training with n = 20 and the tutorial's other settings."""
        found = []
        for users in (NUM_USERS, None):
            epochs = [s.epochs for s in self._by_setting if s == Scale(users, s.epochs).lightgcn()]
            found += [self._scale(users, max(epochs))] if epochs else []
        return found

    def _scale(self, num_users: int | None, epochs: int) -> Scale:
        short = Scale(num_users, epochs, same_steps=True)
        many = max(SAMPLES)
        is_short = not self.runs(Scale(num_users, epochs).lightgcn(num_samples=many))
        return short if is_short and self.runs(short.lightgcn(num_samples=many)) else Scale(num_users, epochs)

    def runs(self, setting: Setting) -> list[Record]:
        """The records of a setting, by seed."""
        return self._by_setting.get(setting, [])

    def value(self, setting: Setting, *path: str) -> Estimate | None:
        """A figure, by its path in a record, over the seeds; None where nothing was run, or it has no such figure."""
        values = [_at(record.figures, path) for record in self.runs(setting)]
        known = [value for value in values if value is not None]
        return estimate(known) if known else None

    def test(self, setting: Setting, protocol: str, name: str) -> Estimate | None:
        """A test figure of a protocol."""
        return self.value(setting, "protocols", protocol, "test", name)

    def validation(self, setting: Setting, protocol: str, name: str) -> Estimate | None:
        """A validation figure of a protocol."""
        return self.value(setting, "protocols", protocol, "validation", name)


def _at(figures: Any, path: Sequence[str]) -> float | None:
    for name in path:
        if not isinstance(figures, dict) or figures.get(name) is None:
            return None
        figures = figures[name]
    return float(figures)
