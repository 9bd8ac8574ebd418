"""A comparison as a table: for a terminal, CSV, LaTeX and Markdown, all of the same cells."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "BEST",
    "TIED",
    "caption_of",
    "cells_of",
    "main_metric",
    "main_metrics",
    "mark_of",
    "ordered",
    "to_csv",
    "to_latex",
    "to_markdown",
    "verdicts_of",
]

BEST, TIED = "*", "="
SHOWN = ("recall", "ndcg")
BESIDE = ("coverage",)


def main_metrics(result: Mapping[str, Any]) -> list[str]:
    """The metrics that a table shows: recall and NDCG at every K (AUC where the protocol has it), coverage at one.

    And the one that models were chosen by, where the test part was judged by it.
    """
    names: list[str] = [f"{name}@{k}" for k in sorted(result["k"]) for name in SHOWN]
    present = next(iter(result["models"].values()))["metrics"]["test"]
    beside = [f"{name}@{min(result['k'])}" for name in BESIDE]
    return [name for name in dict.fromkeys(["auc", *names, result["select"], *beside]) if name in present]


def main_metric(result: Mapping[str, Any]) -> str:
    """The metric that models are ordered by: the one they were chosen by, else the first NDCG that is shown."""
    names = main_metrics(result)
    return str(result["select"]) if result["select"] in names else next(n for n in names if n.startswith("ndcg"))


def ordered(result: Mapping[str, Any]) -> list[str]:
    """Names of the models, the best first by `main_metric`."""
    models, by = result["models"], main_metric(result)
    return sorted(models, key=lambda name: -models[name]["metrics"]["test"][by])


def cells_of(result: Mapping[str, Any], k: int | None = None) -> tuple[list[str], list[list[str]]]:
    """Header and rows, the best model first: figures with their mark and, over several seeds, their spread.

    "*" is the best of a column, "=" not distinguishable from it; coverage has no mark, since no user has one.

    Args:
        result: the content of comparison.json.
        k: metrics at this K alone; all by default.
    """
    names = [name for name in main_metrics(result) if k is None or name.partition("@")[2] in ("", str(k))]
    rows = []
    for model in ordered(result):
        part = result["models"][model]
        rows.append([part["title"], *(_cell(part, name) for name in names), f"{part['seconds']['fit']:.1f}"])
    return ["model", *names, "fit, s"], rows


def _cell(part: Mapping[str, Any], name: str) -> str:
    value, spread = part["metrics"]["test"][name], part["spread"]["test"].get(name)
    return f"{value:.4f}{mark_of(part, name)}" + ("" if spread is None else f" ±{spread:.4f}")


def mark_of(part: Mapping[str, Any], name: str) -> str:
    """The mark of a model's figure."""
    versus = part["versus"].get(name)
    if versus is None or not versus["tied"]:
        return " "
    return TIED if versus["behind"] else BEST


def caption_of(result: Mapping[str, Any]) -> str:
    """What the figures are of, and what the marks mean."""
    seeds = "one split" if result["seeds"] == 1 else f"means over {result['seeds']} seeds ± standard deviation"
    drawn = f" (n = {result['negatives']})" if "negatives" in result else ""
    marks = f"{BEST} best, {TIED} not distinguishable from it (paired randomisation test over users, Holm, 5 %)"
    return (
        f"{result['data']['name']}, test, protocol {result['protocol']}{drawn}, split {result['split']['method']}, "
        f"{result['users']:,} users, {seeds}. Settings: {result['settings']}. "
        f"{marks if len(result['models']) > 1 else ''}"
    ).rstrip()


def verdicts_of(result: Mapping[str, Any], name: str = "lightgcn") -> list[str]:
    """Where a model stands by each metric of the table, in words."""
    if name not in result["models"] or len(result["models"]) < 2:
        return []
    own, lines = result["models"][name], []
    for metric, versus in own["versus"].items():
        if metric not in main_metrics(result):
            continue
        others = {m: part["title"] for m, part in result["models"].items() if m != name}
        best = next(m for m, part in result["models"].items() if part["versus"][metric]["behind"] == 0)
        tied = [title for m, title in others.items() if result["models"][m]["versus"][metric]["tied"]]
        if best == name and not tied:
            lines.append(f"{metric}: {own['title']} is ahead of all")
        elif best == name:
            lines.append(f"{metric}: {own['title']} is first; not distinguishable from it: {', '.join(tied)}")
        elif versus["tied"]:
            lines.append(f"{metric}: {own['title']} is not distinguishable from the best, {others[best]}")
        else:
            low, high = versus["interval"]
            lines.append(
                f"{metric}: {own['title']} is behind {others[best]} by {versus['behind']:.4f} "
                f"(95 % interval {low:.4f} to {high:.4f}, p = {versus['p_holm']:.4f})"
            )
    return lines


def to_csv(result: Mapping[str, Any]) -> str:
    """Every figure of every model, a line each: with data, protocol, interval, spread, how far behind the best, p."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    about = {"data": result["data"]["name"], "protocol": result["protocol"], "seeds": result["seeds"]}
    writer.writerow([*about, "model", "metric", "value", "low", "high", "spread", "behind", "p_holm", "tied"])
    for name, part in result["models"].items():
        writer.writerow([*about.values(), name, "fit_seconds", part["seconds"]["fit"], *[""] * 6])
        for metric, value in part["metrics"]["test"].items():
            versus = part["versus"].get(metric, {})
            ends = part["intervals"]["test"].get(metric, ["", ""])
            beside = [versus.get(key, "") for key in ("behind", "p_holm", "tied")]
            writer.writerow(
                [*about.values(), name, metric, value, *ends, part["spread"]["test"].get(metric, ""), *beside]
            )
    return text.getvalue()


def to_markdown(result: Mapping[str, Any]) -> str:
    """The table in GitHub's Markdown, under its caption."""
    return f"{caption_of(result)}\n\n{_tabulated(result, 'github')}\n"


def to_latex(result: Mapping[str, Any]) -> str:
    """The table in LaTeX, for the package booktabs."""
    caption = caption_of(result).replace("%", r"\%").replace("±", r"$\pm$").replace("_", r"\_")
    body = _tabulated(result, "latex_booktabs").replace("±", r"$\pm$")
    return f"\\begin{{table}}\n\\caption{{{caption}}}\n{body}\n\\end{{table}}\n"


def _tabulated(result: Mapping[str, Any], form: str) -> str:
    from tabulate import tabulate

    header, rows = cells_of(result)
    stripped: list[Sequence[str]] = [[cell.rstrip() for cell in row] for row in rows]
    alignment = ("left", *["right"] * (len(header) - 1))
    return str(tabulate(stripped, header, tablefmt=form, colalign=alignment, disable_numparse=True))
