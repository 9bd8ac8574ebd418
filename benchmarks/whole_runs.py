"""Whole runs as people start them: what README tells of MovieLens 1M, and memory said to be needed and taken.

`python -m benchmarks.whole_runs run DATA [--recipe NAME]` keeps a record of one, `... quickstart` what that prints, and
`... tables` puts both into README.md and docs/reliability.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchmarks.kept import machine_of, markdown_table, read_kept, record
from benchmarks.one_run import DEFAULTS
from benchmarks.one_training import in_a_process
from tastegraph.studies.pages import write_into

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

__all__ = ["accuracy_of", "memory_table", "records"]

HERE = Path(__file__).parent
FOLDER = HERE / "results" / "runs"
README = HERE.parent / "README.md"
RELIABILITY = HERE.parent / "docs" / "reliability.md"
PRINTED = FOLDER / "quickstart.txt"
BEGIN_PRINTED, END_PRINTED = "```text\n$ make quickstart\n", "```\n"
MIB = 1 << 20
TITLES = {
    "lightgcn": "LightGCN, 3 layers, 64 dimensions",
    "mf": "MF, the same training with K = 0",
    "popularity": "popularity",
}
METRICS = {"recall@10": "recall@10", "ndcg@10": "NDCG@10", "recall@20": "recall@20"}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def run(data: str, *, recipe: Annotated[str, typer.Option(help="One that comes along.")] = DEFAULTS) -> None:
    """Train as `tastegraph train` does and keep what it came to, the memory told beforehand and the peak."""
    other, name = ("", data) if recipe == DEFAULTS else (f" --recipe {recipe}", f"{data}-by-recipe-{recipe}")

    def measure() -> JsonValue:
        return in_a_process(data, recipe, "benchmarks.one_run")

    record("run", name, f"python -m benchmarks.whole_runs run {data}{other}", measure, FOLDER)


@app.command()
def quickstart() -> None:
    """Keep what `tastegraph quickstart` prints into a file, on both streams, without blanks at the ends of lines."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "tastegraph", "quickstart"]
        done = subprocess.run(
            command, cwd=scratch, env=os.environ | {"PYTHONUNBUFFERED": "1"}, check=True, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    lines = [line.rstrip() + "\n" for line in done.stdout.splitlines()]
    PRINTED.write_text("".join(lines), encoding="utf-8")


@app.command()
def tables() -> None:
    """Put what was recorded into README.md and docs/reliability.md."""
    before, begin, after = README.read_text(encoding="utf-8").partition(BEGIN_PRINTED)
    rest = after[after.index(END_PRINTED) :]
    README.write_text(before + begin + PRINTED.read_text(encoding="utf-8") + rest, encoding="utf-8")
    for page, name, table in ((README, "run", accuracy_of("ml-1m")), (RELIABILITY, "memory", memory_table())):
        write_into(page, table + "\n", f"<!-- {name}: begin -->", f"<!-- {name}: end -->")


def records() -> list[dict[str, Any]]:
    """All of them, the smallest need first."""
    return sorted(read_kept(FOLDER, "run"), key=lambda said: said["figures"]["needed"])


def accuracy_of(name: str) -> str:
    """The test figures of a run by the defaults, each model's, with what was judged and how long it took."""
    said = json.loads((FOLDER / f"run-{name}.json").read_text("utf-8"))
    models, users = said["figures"]["models"], said["figures"]["users"]
    best = {metric: max(part["test"][metric] for part in models.values()) for metric in METRICS}
    heading = ["MovieLens 1M, `tastegraph train ml-1m`", *METRICS.values()]
    rows = [[title, *(_figure(models[name], metric, best) for metric in METRICS)] for name, title in TITLES.items()]
    told = (
        f"{users['test']:,} users judged, of {users['learned']:,} to learn from; {said['figures']['seconds'] / 60:.1f} "
        f"minutes on {machine_of([said])}: `{said['command']}`."
    )
    return "\n".join([markdown_table(heading, rows), "", told])


def _figure(part: Mapping[str, Any], metric: str, best: Mapping[str, float]) -> str:
    value = part["test"][metric]
    text = f"{value:.4f}" if value < best[metric] else f"**{value:.4f}**"
    low, high = part["intervals"][metric]
    return f"{text} [{low:.4f}, {high:.4f}]" if metric == "ndcg@10" else text


def memory_table() -> str:
    """What each run was said to need, beside its peak."""
    heading, rows = ["run", "positives", "told before, MiB", "peak, MiB", "told by measured"], []
    for said in records():
        got = said["figures"]
        command = said["command"].removeprefix("python -m benchmarks.whole_runs run ")
        rows.append([f"`tastegraph train {command}`", f"{got['data']['positives']:,}", f"{got['needed'] / MIB:,.0f}",
                     f"{got['peak'] / MIB:,.0f}", f"{got['needed'] / got['peak']:.2f}"])  # fmt: skip
    told = f"`python -m benchmarks.whole_runs run DATA --recipe NAME`, on {machine_of(records())}:"
    return "\n".join([told, "", markdown_table(heading, rows)])


if __name__ == "__main__":
    app()
