"""report.html of a comparison: one self-contained page."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from tastegraph.studies.comparison_plots import plot_groups, plot_trade_offs
from tastegraph.studies.comparison_tables import caption_of, cells_of, main_metric, mark_of, ordered, verdicts_of
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
    main = main_metric(result)
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
            dimension: _Groups.of(dimension, f"recall@{k}" if dimension == "item popularity" else main, models)
            for dimension, found in next(iter(models.values()))["groups"].items()
            if found
        },
        settings={part["title"]: _in_words(part["settings"]) for part in models.values()},
        mark_of=mark_of,
        recipe=recipe,
    )


@dataclass(frozen=True)
class _Groups:
    """A dimension: a picture of some models, and a row of cells for each group with all of them."""

    metric: str
    picture: str
    rows: list[list[str]]

    @classmethod
    def of(cls, dimension: str, metric: str, models: Mapping[str, Any]) -> _Groups:
        some = {name: models[name] for name in _side_by_side(list(models))}
        first = next(iter(models.values()))["groups"][dimension]
        rows = [
            [
                group["name"],
                f"{group['users']:,}",
                *(_cell(part, dimension, group["name"], metric) for part in models.values()),
            ]
            for group in first
        ]
        return cls(metric, plot_groups(some, dimension, metric), rows)


def _cell(part: Mapping[str, Any], dimension: str, name: str, metric: str) -> str:
    group = next((group for group in part["groups"][dimension] if group["name"] == name), None)
    if group is None or metric not in group["metrics"]:
        return "-"
    ends = group["intervals"].get(metric)
    return f"{group['metrics'][metric]:.3f}" + (" ({:.3f} to {:.3f})".format(*ends) if ends else "")


def _in_words(settings: Mapping[str, Any]) -> str:
    models = settings.get("models", {})  # those of a fusion
    own = {key: value for key, value in settings.items() if key != "models"}
    flat = [value if isinstance(value, dict) else {key: value} for key, value in own.items()]
    words = [f"{key} {value}" for table in flat for key, value in table.items()]
    return ", ".join([*words, *(f"{name} ({_in_words(part)})" for name, part in models.items())]) or "none"


def _side_by_side(names: list[str]) -> list[str]:
    """LightGCN, the best others, and popularity, where they are compared."""
    own = [name for name in ("lightgcn",) if name in names]
    last = [name for name in ("popularity",) if name in names]
    others = [name for name in names if name not in own + last]
    return own + others[: IN_GROUPS - len(own) - len(last)] + last
