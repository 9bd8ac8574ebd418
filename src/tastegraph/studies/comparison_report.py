"""report.html of a comparison: one self-contained page."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from tastegraph.studies.comparison_plots import plot_groups, plot_trade_offs
from tastegraph.studies.comparison_tables import caption_of, cells_of, main_metrics, ordered, verdicts_of
from tastegraph.studies.plots import plot_bars

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["render_comparison"]

IN_GROUPS = 4  # models whose bars stand side by side


def render_comparison(result: Mapping[str, Any], recipe: str) -> str:
    """The page: the table, where LightGCN stands, trade-offs, every metric, groups, settings.

    Args:
        result: the content of comparison.json.
        recipe: as TOML.
    """
    from jinja2 import Environment, StrictUndefined

    template = files("tastegraph.studies").joinpath("comparison.html.j2").read_text(encoding="utf-8")
    header, rows = cells_of(result)
    names = ordered(result)
    models = {name: result["models"][name] for name in names}
    main = result["select"] if result["select"] in main_metrics(result) else main_metrics(result)[0]
    some = {name: models[name] for name in _side_by_side(names)}
    k = min(result["k"])
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(template).render(
        result=result,
        caption=caption_of(result),
        header=header,
        rows=rows,
        models=models,
        verdicts=verdicts_of(result),
        main=main,
        bars=plot_bars(
            {part["title"]: part["metrics"]["test"][main] for part in models.values()},
            {part["title"]: tuple(part["intervals"]["test"][main]) for part in models.values()},
            f"Test {main}, 95 % interval over users",
        ),
        trade_offs=plot_trade_offs(models, main, f"coverage@{k}"),
        groups={
            dimension: plot_groups(some, dimension, f"recall@{k}" if dimension == "item popularity" else main)
            for dimension, found in next(iter(models.values()))["groups"].items()
            if found
        },
        recipe=recipe,
    )


def _side_by_side(names: list[str]) -> list[str]:
    """LightGCN, the best others, and popularity, where they are compared."""
    own = [name for name in ("lightgcn",) if name in names]
    last = [name for name in ("popularity",) if name in names]
    others = [name for name in names if name not in own + last]
    return own + others[: IN_GROUPS - len(own) - len(last)] + last
