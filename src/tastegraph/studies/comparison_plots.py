"""Plots of a comparison as SVG text: accuracy against coverage and against seconds, bars, bars by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tastegraph.studies.plots import INK, figure_of, svg_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["plot_groups", "plot_trade_offs"]

PALETTE = ("#1f5fa8", "#b5532a", "#2f8f5b", "#8a5aa8", "#777777")
OWN = "lightgcn"


def plot_trade_offs(models: Mapping[str, Mapping[str, Any]], metric: str, coverage: str) -> str:
    """Each model's metric against its coverage, and against the seconds of its fitting; an <svg> element."""
    figure, (left, right) = figure_of(2, height=3.6)
    for name, part in models.items():
        y = part["metrics"]["test"][metric]
        for axes, x in ((left, part["metrics"]["test"][coverage]), (right, part["seconds"]["fit"])):
            axes.scatter(x, y, color=PALETTE[0] if name == OWN else INK, s=36 if name == OWN else 18, zorder=2)
            axes.annotate(part["title"], (x, y), textcoords="offset points", xytext=(4, 3), fontsize=7)
    for axes in (left, right):
        axes.set(ylabel=f"test {metric}")
        axes.margins(0.18)
    left.set(xlabel=coverage)
    right.set(xlabel="seconds to fit", xscale="log")
    return svg_of(figure)


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
    axes.legend(frameon=False, fontsize=7)
    return svg_of(figure)


def _errors(heights: Sequence[float], ends: Sequence[Sequence[float]]) -> list[list[float]]:
    below = [max(0.0, height - low) for height, (low, _) in zip(heights, ends, strict=True)]
    above = [max(0.0, high - height) for height, (_, high) in zip(heights, ends, strict=True)]
    return [below, above]
