"""Plots of a comparison as SVG text: accuracy against coverage and against seconds, bars, bars by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tastegraph.studies.plots import INK, figure_of, svg_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["plot_groups", "plot_trade_offs"]

PALETTE = ("#1f5fa8", "#b5532a", "#2f8f5b", "#8a5aa8", "#777777")
OWN = "lightgcn"
SHOWN_FROM = 0.75  # of the best figure


def plot_trade_offs(models: Mapping[str, Mapping[str, Any]], metric: str, coverage: str) -> str:
    """Each model's metric against its coverage, and against the seconds of its fitting; an <svg> element.

    Models with less than three quarters of the best figure are only named: the others would stand on one another.
    """
    heights = {name: part["metrics"]["test"][metric] for name, part in models.items()}
    shown = [name for name in models if heights[name] >= SHOWN_FROM * max(heights.values())]
    figure, (left, right) = figure_of(2, height=4.0, width=11.0)
    places = {
        "coverage": (left, {name: models[name]["metrics"]["test"][coverage] for name in shown}),
        "seconds": (right, {name: models[name]["seconds"]["fit"] for name in shown}),
    }
    for axes, x in places.values():
        own = [name == OWN for name in shown]
        colours, sizes = [PALETTE[0] if it else INK for it in own], [40 if it else 18 for it in own]
        axes.scatter([x[name] for name in shown], [heights[name] for name in shown], c=colours, s=sizes, zorder=2)
        axes.margins(0.1)
        axes.set(ylabel=f"test {metric}")
        _name_points(axes, [(models[name]["title"], x[name], heights[name]) for name in shown])
    left.set(xlabel=coverage)
    right.set(xlabel="seconds to fit", xscale="log")
    right.xaxis.set_major_formatter(lambda seconds, _: f"{seconds:g}")
    right.xaxis.set_minor_formatter(lambda *_: "")
    below = [f"{part['title']} {heights[name]:.4f}" for name, part in models.items() if name not in shown]
    if below:
        figure.suptitle(f"below the picture: {', '.join(below)}", fontsize=8, color=INK)
    return svg_of(figure)


def _name_points(axes: Any, points: Sequence[tuple[str, float, float]]) -> None:
    """Write the points' names in a column to the right, in the order of their heights, each with a line to it."""
    low, high = axes.get_ylim()
    gap = 1 / max(len(points), 14)
    at = -gap
    for title, x, y in sorted(points, key=lambda point: point[2]):
        at = max(at + gap, (y - low) / (high - low))
        line = {"arrowstyle": "-", "color": "#bbbbbb", "linewidth": 0.5}
        axes.annotate(title, (x, y), (1.03, at), textcoords="axes fraction", fontsize=8, va="center", arrowprops=line)


def plot_groups(models: Mapping[str, Mapping[str, Any]], dimension: str, metric: str) -> str:
    """A metric by group, a bar a model with its interval; an <svg> element."""
    groups = [group["name"] for group in next(iter(models.values()))["groups"][dimension]]
    figure, (axes,) = figure_of(1, height=2.8, width=max(4.6, 1.1 * len(groups) + 1.5))
    width = 0.8 / len(models)
    for at, part in enumerate(models.values()):
        found = {group["name"]: group for group in part["groups"][dimension]}
        some = [name for name in groups if metric in found.get(name, {}).get("metrics", {})]
        heights = [found[name]["metrics"][metric] for name in some]
        ends = [found[name]["intervals"].get(metric, [height] * 2) for name, height in zip(some, heights, strict=True)]
        errors = _errors(heights, ends)
        places = [groups.index(name) + (at - (len(models) - 1) / 2) * width for name in some]
        axes.bar(places, heights, width, yerr=errors, color=PALETTE[at % len(PALETTE)], ecolor=INK, label=part["title"])
    axes.set(ylabel=metric)
    axes.set_xticks(range(len(groups)), groups, rotation=30 if len(groups) > 4 else 0, fontsize=7, ha="right")
    axes.legend(frameon=False, fontsize=7, ncols=len(models), loc="lower left", bbox_to_anchor=(0, 1))
    return svg_of(figure)


def _errors(heights: Sequence[float], ends: Sequence[Sequence[float]]) -> list[list[float]]:
    below = [max(0.0, height - low) for height, (low, _) in zip(heights, ends, strict=True)]
    above = [max(0.0, high - height) for height, (_, high) in zip(heights, ends, strict=True)]
    return [below, above]
