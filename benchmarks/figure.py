"""The cost curve as an SVG file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.record import Result

__all__ = ["draw_scaling"]


def draw_scaling(result: Result, path: Path) -> None:
    """Seconds an epoch and peak memory over edges, both axes logarithmic, with a line of slope 1 to compare."""
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    for axes, (name, label) in zip(
        figure.subplots(1, 2),
        (("an epoch", "seconds an epoch"), ("peak of training", "peak memory, MB")),
        strict=True,
    ):
        edges = [size["edges"] for size in result.workloads.values()]
        values = [row.median for row in result.rows if row.group == name]
        axes.loglog(edges, values, "o-", color="#2a6f97", label="TasteGraph")
        linear = [values[-1] * count / edges[-1] for count in edges]
        axes.loglog(edges, linear, ":", color="#888888", label="linear")
        axes.set(xlabel="edges", ylabel=label)
        axes.grid(visible=True, which="major", alpha=0.3)
        axes.legend(frameon=False)
    with mpl.rc_context({"svg.hashsalt": "tastegraph", "svg.fonttype": "none"}):
        figure.savefig(path, metadata={"Date": None})
