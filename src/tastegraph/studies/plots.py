"""Plots of a run as SVG text."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tastegraph.lightgcn.checkpoint import Epoch

__all__ = ["INK", "figure_of", "plot_bars", "plot_training", "svg_of"]

INK, LOSS_COLOUR, METRIC_COLOURS = "#444444", "#b5532a", ("#1f5fa8", "#2f8f5b")


def plot_training(epochs: Sequence[Epoch], names: Sequence[str], best_epoch: int) -> str:
    """Loss and the named validation metrics by epoch, the best epoch marked; an <svg> element."""
    figure, (left, right) = figure_of(2)
    left.plot([e.epoch for e in epochs], [e.loss for e in epochs], color=LOSS_COLOUR)
    left.set(title="Training loss", xlabel="epoch")
    judged = [e for e in epochs if e.validation]
    for name, colour in zip(names, METRIC_COLOURS, strict=False):
        right.plot(
            [e.epoch for e in judged],
            [e.validation[name] for e in judged],
            color=colour,
            label=name,
        )
    right.axvline(best_epoch, color=INK, linewidth=1, linestyle=":", label=f"best: epoch {best_epoch}")
    right.set(title="Validation", xlabel="epoch")
    right.legend(frameon=False)
    return svg_of(figure)


def plot_bars(values: Mapping[str, float], intervals: Mapping[str, tuple[float, float]], title: str) -> str:
    """A bar a model with its interval; an <svg> element."""
    figure, (axes,) = figure_of(1, height=max(2.2, 0.35 * len(values) + 0.8))
    names = list(values)
    below = [values[name] - intervals[name][0] for name in names]
    above = [intervals[name][1] - values[name] for name in names]
    axes.barh(
        names[::-1],
        [values[n] for n in names[::-1]],
        xerr=[below[::-1], above[::-1]],
        color="#9db8d9",
        ecolor=INK,
    )
    axes.set(title=title)
    return svg_of(figure)


def figure_of(panels: int, *, height: float | None = None, width: float | None = None) -> tuple[Figure, list[Axes]]:
    """A figure of panels side by side, and their axes; sizes in inches."""
    from matplotlib.figure import Figure

    size = (width or 4.6 * panels, height or (2.8 if panels > 1 else 2.2))
    figure = Figure(figsize=size, layout="constrained")
    axes = [figure.add_subplot(1, panels, panel + 1) for panel in range(panels)]
    for panel in axes:
        panel.spines[["top", "right"]].set_visible(False)
    return figure, axes


def svg_of(figure: Figure) -> str:
    """The figure as an <svg> element, the same text each time."""
    import matplotlib as mpl

    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "tastegraph", "svg.fonttype": "none"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]
