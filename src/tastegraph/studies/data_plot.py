"""What is in a data set, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tastegraph.data.counted import counted
from tastegraph.errors import DataError
from tastegraph.files import written_whole

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

__all__ = ["check_plot", "draw_summary"]

FORMATS = (".svg", ".png", ".pdf")
GENRES = 12  # drawn at most
COLOUR = "#2a6f97"


def check_plot(path: Path) -> None:
    """Refuse a file that could not be written, before anything is read.

    Raises:
        DataError: its ending names no format, or its folder is not there.
    """
    if path.suffix.lower() not in FORMATS:
        raise DataError(f"expected a name that ends in {', '.join(FORMATS)}", path=path)
    if not path.resolve().parent.is_dir():
        raise DataError("its folder is not there", path=path)


def draw_summary(summary: dict[str, Any], path: Path) -> None:
    """Draw the ratings, the degrees of users and items, and the genres of what `summarise` found.

    Args:
        summary: counts of a data set.
        path: a file that `check_plot` lets through.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    panels = [name for name in ("ratings", "user", "item", "genres") if summary.get(name) or name in summary["degrees"]]
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    with mpl.rc_context(
        {"font.size": 9, "svg.hashsalt": "tastegraph", "axes.spines.right": False, "axes.spines.top": False}
    ):
        figure = Figure(figsize=(8, 3 * rows + 0.4), layout="constrained")
        title = (
            f"{counted(summary['interactions'], 'interaction')} of {counted(summary['users'], 'user')} "
            f"with {counted(summary['items'], 'item')}"
        )
        figure.suptitle(f"{summary['name']}: {title}, density {summary['density']:.3%}")
        for place, name in enumerate(panels):
            axes = figure.add_subplot(rows, columns, place + 1)
            _draw(axes, name, summary)
        with written_whole(path) as aside:
            figure.savefig(aside, format=path.suffix[1:].lower(), metadata={} if path.suffix == ".png" else None)


def _draw(axes: Axes, name: str, summary: dict[str, Any]) -> None:
    if name == "ratings":
        axes.bar(
            [f"{e['rating']:g}" for e in summary["ratings"]], [e["count"] for e in summary["ratings"]], color=COLOUR
        )
        axes.set(xlabel="rating", ylabel="interactions")
    elif name == "genres":
        shown = summary["genres"][:GENRES][::-1]
        axes.barh([e["genre"] for e in shown], [e["interactions"] for e in shown], color=COLOUR)
        axes.set(xlabel="interactions")
    else:
        bins = summary["degrees"][name]
        axes.bar([f"{e['from']:,}" for e in bins], [e["count"] for e in bins], color=COLOUR, width=0.9)
        axes.tick_params("x", rotation=45)
        axes.set(xlabel=f"interactions of {'a user' if name == 'user' else 'an item'}, from", ylabel=f"{name}s")
