"""The table of benchmarks: published figures, and those of records."""

from __future__ import annotations

import json
from copy import deepcopy
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from tastegraph.data.counted import counted
from tastegraph.errors import RunError
from tastegraph.studies.benchmark_records import changed_in, figures_of, model_of, settings_read
from tastegraph.studies.fusions import parts_of
from tastegraph.studies.models import BY_GRADIENT, LIGHTGCN, title_of
from tastegraph.studies.published import PUBLISHED, table_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tastegraph.studies.recipe import Recipe

    Record = dict[str, Any]

__all__ = ["check_shown", "table_of"]


def check_shown(name: str, recipe: Recipe) -> None:
    """Refuse a recipe that does not measure what its data set's table shows.

    Raises:
        RunError: a list as long as a metric of the table's is not among `evaluation.k`.
    """
    metrics = table_metrics(recipe.data.source)
    for metric in metrics:
        if int(metric.partition("@")[2]) not in recipe.evaluation.k:
            raise RunError(
                f"{name}: the table of {recipe.data.source} shows {' and '.join(metrics)}, and evaluation.k = "
                f"{list(recipe.evaluation.k)} leaves {metric} out"
            )


def table_of(records: Sequence[Record]) -> str:
    """Markdown: for each data set the published figures and our recipes', means over the seeds that were run.

    Runs of one recipe with other settings, or of another state of it, have a row of their own. Where several seeds were
    run, the standard deviation over them follows.
    """
    lines: list[str] = []
    for data in sorted({record["data"] for record in records}, key=_place):
        own = [record for record in records if record["data"] == data]
        lines += [f"### {data}", "", *_rows(data, own), "", *_machines(own)]
    return "\n".join(lines)


def _place(data: str) -> tuple[int, str]:
    order = list(PUBLISHED)
    return (order.index(data) if data in order else len(order), data)


def _rows(data: str, records: Sequence[Record]) -> Iterator[str]:
    published, names = PUBLISHED.get(data, ()), table_metrics(data)
    yield f"| model | d | {' | '.join(names)} | seconds | seeds | from |"
    yield f"|---|---:|{'---:|' * len(names)}---:|---|---|"
    for other in published:
        figures = " | ".join(f"{other.metrics[name]:.4f}" for name in names)
        yield f"| {other.method} | | {figures} | | | {other.source} |"
    rows: dict[str, list[Record]] = {}
    for record in records:
        rows.setdefault(_what(record), []).append(record)
    for row in rows.values():
        yield _own(row, names)


def _what(record: Record) -> str:
    """What the runs of a row have in common: all but the seeds."""
    recipe = deepcopy(settings_read(record))  # where it was not run, there is none
    for settings in (recipe.get("training", {}), *recipe.get("models", {}).values()):
        settings.pop("seed", None)
    return json.dumps([record["name"], model_of(record), changed_in(record), recipe], sort_keys=True)


def _own(records: Sequence[Record], names: Sequence[str]) -> str:
    one = records[0]
    name, model = one["name"], model_of(one)
    words = "" if model == LIGHTGCN else f" --models {model}"
    words += "".join(f" --set {setting}" for setting in changed_in(one))
    seeds = [record["seed"] for record in records]
    words += "" if seeds == [0] else f" --seeds {','.join(map(str, seeds))}"
    command = f"`tastegraph reproduce benchmarks --only {name}{words}`"
    ours = f"ours, `{name}`" if model == LIGHTGCN else f"ours, {title_of(model)}, `{name}`"
    if "missing" in one:
        return f"| {ours} | | {'not run here | ' * len(names)}| | {command} |"
    shown = [figures_of(record) for record in records]
    figures = " | ".join(_figure([metrics[name] for metrics, _ in shown]) for name in names)
    seconds = mean(seconds for _, seconds in shown)
    width = "" if BY_GRADIENT.isdisjoint(parts_of(model)) else one["recipe"]["model"]["embedding_dim"]
    return f"| {ours} | {width} | {figures} | {seconds:.0f} | {', '.join(map(str, seeds))} | {command} |"


def _figure(values: Sequence[float]) -> str:
    spread = f" ± {stdev(values):.4f}" if len(values) > 1 else ""
    return f"**{mean(values):.4f}**{spread}"


def _machines(records: Sequence[Record]) -> list[str]:
    """The line under a table that says what the runs were made on."""
    told = dict.fromkeys(_machine(record["environment"]["machine"]) for record in records if "environment" in record)
    return [f"Ours on {'; '.join(told)}.", ""] if told else []


def _machine(machine: Mapping[str, Any]) -> str:
    device = machine.get("device", "cpu")
    words = [counted(machine["cores"], "core"), counted(machine["threads"], "thread")]
    return ", ".join([machine["processor"], *words, *([] if device == "cpu" else [device])])
