"""Pictures of benchmarks as SVG files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from matplotlib.axes import Axes

    from benchmarks.record import Result

__all__ = ["draw_frontier", "draw_scaling"]

# Of models, the same in every picture.
OURS = "#2a6f97"
COLORS = {
    "LightGCN, blind to order": "#61a5c2",
    "GF-CF": "#bc4749",
    "ALS": "#6a994e",
    "EASE": "#7b2cbf",
    "BPR": "#b5651d",
    "Popularity": "#555555",
}


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
        axes.loglog(edges, values, "o-", color=OURS, label="TasteGraph")
        linear = [values[-1] * count / edges[-1] for count in edges]
        axes.loglog(edges, linear, ":", color="#888888", label="linear")
        axes.set(xlabel="edges", ylabel=label)
        axes.grid(visible=True, which="major", alpha=0.3)
        axes.legend(frameon=False)
    _save(figure, path)


def draw_frontier(record: Mapping[str, Any], path: Path) -> None:
    """A metric over seconds of fitting, logarithmic: a line of each LightGCN's stops, every other model a point.

    What took no time, as popularity does, is a line across.
    """
    figure = Figure(figsize=(7, 3.8), layout="constrained")
    axes = figure.subplots()
    for title in dict.fromkeys(point["model"] for point in record["points"] if point["stage"]):
        _draw_stops(axes, [point for point in record["points"] if point["model"] == title])
    for point in record["points"]:
        if point["stage"]:
            continue
        color = COLORS.get(point["model"], "#555555")
        if point["seconds"]:
            axes.semilogx([point["seconds"]], [point["value"]], "o", color=color)
            _label(axes, point["model"], point, ((0, -13), "center"), color)
        else:
            axes.axhline(point["value"], linestyle=":", color=color)
            axes.annotate(
                point["model"], (1, point["value"]), (-4, 4), color=color, fontsize=8, ha="right",
                xycoords=("axes fraction", "data"), textcoords="offset points",
            )  # fmt: skip
    axes.set(xlabel="seconds of fitting", ylabel=f"{record['metric']} on validation", title=record["data"])
    axes.margins(x=0.25, y=0.1)
    axes.grid(visible=True, which="major", alpha=0.3)
    _save(figure, path)


def _draw_stops(axes: Axes, stops: Sequence[Mapping[str, Any]]) -> None:
    """A line of a model's stops, with the epochs of each."""
    color = COLORS.get(stops[0]["model"], OURS)
    seconds, values = ([point[key] for point in stops] for key in ("seconds", "value"))
    axes.semilogx(seconds, values, "o-", color=color)
    for point in stops[:-1]:
        _label(axes, point["stage"].removesuffix(" epochs"), point, ((0, 6), "center"), color)
    last = stops[-1]
    _label(axes, f"{last['model']}, {last['stage']}", last, ((7, -3), "left"), color)


def _label(axes: Axes, text: str, point: Mapping[str, Any], where: tuple[tuple[int, int], str], color: str) -> None:
    """Put words beside a point: how far from it, and which of their ends is there."""
    offset, end = where
    place = (point["seconds"], point["value"])
    axes.annotate(text, place, offset, textcoords="offset points", fontsize=8, color=color, ha=end)


def _save(figure: Figure, path: Path) -> None:
    with mpl.rc_context({"svg.hashsalt": "tastegraph", "svg.fonttype": "none"}):
        figure.savefig(path, metadata={"Date": None})
