"""report.html: a run on one self-contained page."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from tastegraph.studies.plots import plot_bars, plot_training
from tastegraph.studies.result import rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tastegraph.lightgcn.checkpoint import Epoch
    from tastegraph.studies.recipe import Recipe

__all__ = ["render_report"]


def render_report(recipe: Recipe, result: Mapping[str, Any], epochs: Sequence[Epoch]) -> str:
    """The page: data, the table of the model and the baselines with intervals, curves, the recipe."""
    from jinja2 import Environment, StrictUndefined

    template = files("tastegraph.studies").joinpath("report.html.j2").read_text(encoding="utf-8")
    rows = rows_of(result)
    select = recipe.evaluation.select
    longest = max(recipe.evaluation.k)
    curves = list(dict.fromkeys([select, f"recall@{longest}"]))
    names = list(result["metrics"]["test"])
    main = select if select in names else names[0]
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(template).render(
        result=result,
        rows=rows,
        names=names,
        best={name: max(part["metrics"]["test"][name] for part in rows.values()) for name in names},
        recipe=recipe.to_toml(),
        main=main,
        curves=plot_training(epochs, curves, result["best_epoch"]),
        bars=plot_bars(
            {title: part["metrics"]["test"][main] for title, part in rows.items()},
            {title: tuple(part["intervals"]["test"][main]) for title, part in rows.items()},
            f"Test {main}, 95 % interval over users",
        ),
    )
