"""Graphs of 10^5 to 10^8 edges: what each takes, what the cost model says of it, and what it says of larger ones.

`python -m benchmarks.scale machine`, `... size EDGES`, `... file ROWS` measure and keep a record each;
`python -m benchmarks.scale tables` makes the tables of `docs/scale.md` of the records.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchmarks.kept import record
from benchmarks.made_ratings import write_made
from benchmarks.one_training import in_a_process
from benchmarks.scale_tables import FOLDER, write_tables

if TYPE_CHECKING:
    from pydantic import JsonValue

EDGES_A_NODE, WIDTH = 10, 64

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def machine() -> None:
    """Measure what the model's predictions are made of: bandwidths, by moving bytes."""
    record("machine", "here", "python -m benchmarks.scale machine", lambda: _answer("benchmarks.machine"), FOLDER)


@app.command()
def size(edges: int, *, width: Annotated[int, typer.Option(help="Dimensions.")] = WIDTH) -> None:
    """Build a made graph, propagate over it, train some steps."""
    what = f"{max(4, edges // EDGES_A_NODE)},{width}"
    other = "" if width == WIDTH else f" --width {width}"
    command, on = (
        f"python -m benchmarks.scale size {edges}{other}",
        f"{edges}{other.replace(' --', '-').replace(' ', '-')}",
    )
    record("size", on, command, lambda: in_a_process(str(edges), what, "benchmarks.one_size"), FOLDER)


@app.command()
def file(
    rows: int, *, csv: Annotated[bool, typer.Option("--csv", help="Comma-separated, not Parquet.")] = False
) -> None:
    """Read a made file, split it, make its graph: seconds and peak memory of each."""
    kind = "csv" if csv else "parquet"

    def measure() -> JsonValue:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / f"made.{kind}"
            write_made(path, rows, max(4, rows // EDGES_A_NODE))
            answer: dict[str, Any] = in_a_process("split", str(path), "benchmarks.from_file")
            return answer | {"bytes": path.stat().st_size}

    command = f"python -m benchmarks.scale file {rows}{' --csv' if csv else ''}"
    record(f"file-{kind}", str(rows), command, measure, FOLDER)


@app.command()
def tables() -> None:
    """Make the tables of docs/scale.md anew."""
    write_tables()


def _answer(module: str) -> JsonValue:
    return in_a_process("", "", module)


if __name__ == "__main__":
    app()
