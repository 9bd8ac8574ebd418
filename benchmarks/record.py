"""What a case found: rows, targets, machine and versions, as one JSON file."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, computed_field

from tastegraph.studies.environment import describe_environment
from tastegraph.studies.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["Measured", "Result", "Row", "Target", "rows_of"]

SCHEMA = 1
PER_SECOND = {"s": 1.0, "ms": 1e3}


class Row(BaseModel):
    """One contender's figures within a group (a data set, a size).

    Attributes:
        group: what is measured on.
        name: the contender.
        median: over `runs` samples, in `unit`; so are `min` and `max`.
        ratio_to_ours: this median by the median of ours in the group; above 1 means that ours costs less.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    group: str
    name: str
    median: float
    min: float
    max: float
    unit: str
    runs: int
    ratio_to_ours: float | None


class Target(BaseModel):
    """One figure that was promised, and what it came to.

    Attributes:
        what: the figure, such as "times faster than torch COO, gowalla".
        comparison: ">=" or "<=", from measured to bound.
        bound: what was promised.
        measured: what was found.
    """

    model_config = ConfigDict(frozen=True)

    what: str
    comparison: Literal[">=", "<="]
    bound: float
    measured: float

    @computed_field  # type: ignore[prop-decorator]  # pydantic's order
    @property
    def met(self) -> bool:
        """Whether the promise is kept."""
        return self.measured >= self.bound if self.comparison == ">=" else self.measured <= self.bound


class Measured(BaseModel):
    """What a case hands back.

    Attributes:
        rows: every contender's figures.
        targets: the figures promised for this case.
        workloads: sizes of what was measured on, by name.
        notes: what a reader must know to judge the figures: scaled samples, peers that would not run.
    """

    model_config = ConfigDict(frozen=True)

    rows: tuple[Row, ...]
    targets: tuple[Target, ...] = ()
    workloads: dict[str, dict[str, int]] = {}
    notes: tuple[str, ...] = ()

    def median_of(self, group: str, name: str) -> float:
        """The median of one row.

        Raises:
            KeyError: there is no such row.
        """
        found = {(row.group, row.name): row.median for row in self.rows}
        return found[group, name]

    def speedups(self, ours: str, bounds: Mapping[str, Mapping[str, float]]) -> tuple[Target, ...]:
        """How many times faster `ours` is than each peer, against the least that is promised.

        Args:
            ours: name of the row that is compared.
            bounds: the least factor by peer and group; groups that were not measured are left out.
        """
        return tuple(
            Target(
                what=f"times faster than {peer}, {group}",
                comparison=">=",
                bound=bound,
                measured=self.median_of(group, peer) / self.median_of(group, ours),
            )
            for peer, groups in bounds.items()
            for group, bound in groups.items()
            if group in self.workloads
        )


class Result(Measured):
    """A case's figures with all that is needed to judge and repeat them.

    Attributes:
        case: its name.
        title: what it measures.
        command: what repeats it.
        seconds: how long the case took.
        others: share of the processors' time that other programs took meanwhile; above a few percent, repeat it.
        machine: system, processor, cores, threads.
        versions: of Python, of this project (with commit) and of the packages involved.
    """

    schema_version: int = SCHEMA
    case: str
    title: str
    command: str
    seconds: float
    others: float
    machine: dict[str, Any]
    versions: dict[str, str | None]

    @classmethod
    def of(cls, measured: Measured, *, case: str, title: str, command: str, seconds: float, others: float) -> Result:
        """The case's figures, with this machine and these versions."""
        here = describe_environment(Recipe(), {})
        packages = {name: _version(name) for name in ("torch", "torch-geometric", "numpy", "scipy", "numba")}
        versions = {"tastegraph": here["tastegraph"], "commit": here["commit"], "python": here["python"], **packages}
        return cls(
            **measured.model_dump(),
            case=case,
            title=title,
            command=command,
            seconds=seconds,
            others=others,
            machine=here["machine"],
            versions=versions,
        )

    def save(self, folder: Path) -> Path:
        """Write `folder`/CASE.json and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.case}.json"
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return path

    @classmethod
    def read(cls, path: Path) -> Result:
        """The figures of a saved case."""
        return cls.model_validate_json(path.read_text(encoding="utf-8"))


def rows_of(group: str, samples: Mapping[str, Sequence[float]], *, ours: str, unit: str = "ms") -> list[Row]:
    """Rows of samples.

    Args:
        group: what was measured on.
        samples: of each contender: seconds, or numbers already in `unit` where that is no time.
        ours: the contender that ratios are to.
        unit: "ms", "s", or another unit that the samples are already in.
    """
    scale = PER_SECOND.get(unit, 1.0)
    base = median(samples[ours])
    return [
        Row(
            group=group,
            name=name,
            median=scale * median(values),
            min=scale * min(values),
            max=scale * max(values),
            unit=unit,
            runs=len(values),
            ratio_to_ours=median(values) / base,
        )
        for name, values in samples.items()
        if values
    ]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
