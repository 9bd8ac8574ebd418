"""Training curves for n = 20 and n = 500: loss and validation figures, by epoch and by second; SVG text."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING, Any

from tastegraph.ranking.full_ranking import FULL_RANKING
from tastegraph.ranking.other_protocols import TUTORIAL
from tastegraph.studies.plots import LOSS_COLOUR, METRIC_COLOURS, figure_of, svg_of
from tastegraph.studies.tutorial.experiments import curve_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tastegraph.studies.tutorial.experiments import Scale
    from tastegraph.studies.tutorial.records import Record
    from tastegraph.studies.tutorial.results import Results

__all__ = ["plot_curves"]

SHOWN = {
    "loss": "training loss",
    f"{TUTORIAL} precision": "validation P@10, tutorial",
    f"{FULL_RANKING} ndcg": "validation NDCG@10, full ranking",
}
COLOURS = (METRIC_COLOURS[0], LOSS_COLOUR)


def plot_curves(results: Results, scale: Scale, against: str) -> str | None:
    """The curves against "epoch" or "seconds", a line a seed; an <svg> element, or None where a run is missing."""
    runs = {label: results.runs(setting) for label, setting in curve_settings(scale)}
    if not all(runs.values()):
        return None
    figure, panels = figure_of(len(SHOWN), width=12.0, height=3.2)
    for axes, (name, title) in zip(panels, SHOWN.items(), strict=True):
        for (label, records), colour in zip(runs.items(), COLOURS, strict=True):
            _lines(axes, records, against, name, label, colour)
        axes.set(title=title, xlabel=against, xscale="log")
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
        axes.legend(frameon=False)
    return svg_of(figure)


def _lines(axes: Any, records: Sequence[Record], against: str, name: str, label: str, colour: str) -> None:
    curves = [record.figures["epochs"] for record in records]
    for curve in curves:
        axes.plot([e[against] for e in curve], [e[name] for e in curve], color=colour, linewidth=0.5, alpha=0.4)
    together = list(zip(*curves, strict=True))
    x = [mean(e[against] for e in epoch) for epoch in together]
    axes.plot(x, [mean(e[name] for e in epoch) for epoch in together], color=colour, label=label)
