"""Pictures of benchmarks as SVG files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from benchmarks.record import Result

__all__ = ["draw_frontier", "draw_scaling"]


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
    _save(figure, path)


def draw_frontier(record: Mapping[str, Any], path: Path) -> None:
    """A metric over seconds of fitting, logarithmic: LightGCN's stops as a line, every other model a point."""
    figure = Figure(figsize=(7, 3.8), layout="constrained")
    axes = figure.subplots()
    for number, model in enumerate(dict.fromkeys(point["model"] for point in record["points"])):
        points = [point for point in record["points"] if point["model"] == model]
        seconds, values = ([point[key] for point in points] for key in ("seconds", "value"))
        (line,) = axes.semilogx(seconds, values, "o-", color=f"C{number}")
        for point in points:
            text = point["stage"] or model
            place = (point["seconds"], point["value"])
            axes.annotate(text, place, (5, -3), textcoords="offset points", fontsize=8, color=line.get_color())
        line.set_label(model)
    axes.set(xlabel="seconds of fitting", ylabel=f"{record['metric']} on validation", title=record["data"])
    axes.margins(x=0.2)
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    with mpl.rc_context({"svg.hashsalt": "tastegraph", "svg.fonttype": "none"}):
        figure.savefig(path, metadata={"Date": None})
