"""The tables of docs/scale.md: measured beside predicted, and what the cost model says of larger graphs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.kept import made_by, markdown_table, read_kept
from benchmarks.screen import figure
from tastegraph.studies.cost import Machine, Size, plan_of
from tastegraph.studies.pages import write_into

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["FOLDER", "plans", "predictions", "table_of", "write_tables"]

HERE = Path(__file__).parent
FOLDER = HERE / "results" / "scale"
PAGE = HERE.parent / "docs" / "scale.md"
TABLES = ("steps", "layers", "files", "plans")
GIB = 1 << 30
EPOCHS = 20
LARGE = (10**8, 10**9, 10**10)
EDGES_A_NODE = 10


def _records(case: str) -> list[dict[str, Any]]:
    return sorted(
        read_kept(FOLDER, case), key=lambda said: (said["figures"].get("edges", 0), -said["figures"].get("width", 0))
    )


def machine_here() -> Machine:
    """The machine that the records were made on."""
    (said,) = _records("machine")
    return Machine(**said["figures"] | {"network": float("inf")})


def predictions() -> list[dict[str, float]]:
    """Of each size: edges, processor seconds of a step and its peak bytes, measured and predicted."""
    machine, found = machine_here(), []
    for said in _records("size"):
        got = said["figures"]
        size = Size(got["users"], got["items"], got["edges"], got["width"], batch=got["batch"])
        found.append(
            {
                "edges": got["edges"],
                "width": got["width"],
                "batch": got["batch"],
                "measured": min(got["step"]["processors"]),
                "wall": min(got["step"]["wall"]),
                "predicted": machine.seconds(size),
                "kept": got["peak_mb"] * 1e6,
                "predicted_kept": sum(size.memory().values()),
            }
        )
    return found


def table_of(name: str) -> str:
    """A table by its name, with what it was measured by."""
    return {"steps": _steps, "layers": _layers, "files": _files, "plans": _plans}[name]()


def _steps() -> str:
    header = ["edges", "d", "batch", "step, processor s", "predicted", "by measured", "wall s"]
    header += ["peak, GiB", "predicted", "by measured"]
    rows = [
        [
            f"{one['edges']:,}", f"{one['width']}", f"{one['batch']:,}",
            _seconds(one["measured"]), _seconds(one["predicted"]), f"{one['predicted'] / one['measured']:.2f}",
            _seconds(one["wall"]), f"{one['kept'] / GIB:.2f}",
            f"{one['predicted_kept'] / GIB:.2f}", f"{one['predicted_kept'] / one['kept']:.2f}",
        ]
        for one in predictions()
    ]  # fmt: skip
    said = _records("machine") + _records("size")
    return f"{made_by(said)}\n\n{markdown_table(header, rows, left=0)}"


def _layers() -> str:
    said = _records("size")
    base = next(one["figures"] for one in said if one["on"] == "1000000")
    header = ["edges", "build, s", "peak while building, GiB", "a layer, processor s", "by linear from 10^6"]
    rows = []
    for one in (one["figures"] for one in said if one["figures"]["width"] == base["width"]):
        layer, of_base = min(one["layer"]["processors"]), min(base["layer"]["processors"])
        by_linear = layer / (of_base * one["edges"] / base["edges"])
        build = _seconds(one["build"]["wall"][0])
        peak = f"{one['build_peak_mb'] * 1e6 / GIB:.2f}"
        rows.append([f"{one['edges']:,}", build, peak, _seconds(layer), f"{by_linear:.2f}"])
    return f"{made_by(said)}\n\n{markdown_table(header, rows, left=0)}"


def _files() -> str:
    said = _records("file-parquet") + _records("file-csv")
    header = ["rows", "file", "its size, GB", "read, s", "peak, GiB", "split and graph, s", "peak, GiB"]
    rows = []
    for one in said:
        got, kind = one["figures"], one["case"].removeprefix("file-")
        cells = [f"{got['rows']:,}", kind, figure(got["bytes"] / 1e9)]
        for stage in got["stages"].values():
            cells += [figure(stage["seconds"]), f"{stage['peak_mb'] * 1e6 / GIB:.2f}"]
        rows.append(cells)
    return f"{made_by(said)}\n\n{markdown_table(header, rows, left=0)}"


def plans(memory: float, price: float, network: float, *, cores: int = 2, edges: Iterable[int] = LARGE) -> list[Any]:
    """The plan of each number of edges on machines like this one, with other memory, network and price.

    Args:
        memory: bytes of a machine.
        price: of it an hour.
        network: bytes a second that it sends.
        cores: that share a step's work.
        edges: of the graphs.
    """
    here = machine_here()
    rates = {name: getattr(here, name) * cores for name in ("stream", "cached", "scattered")}
    machine = replace(here, **rates, sort=here.sort, network=network)
    found = []
    for count in edges:
        nodes = count // EDGES_A_NODE
        size = Size(users=nodes * 9 // 10, items=nodes - nodes * 9 // 10, edges=count, batch=count // 1000)
        found.append(plan_of(size, machine, memory, price))
    return found


def _plans() -> str:
    header = ["edges", "machine", "machines", "ranks x row parts", "memory each, GiB", "sent a step, GB", "an epoch, h"]
    header += [f"{EPOCHS} epochs, h", f"{EPOCHS} epochs, money"]
    rows = []
    for memory, cores, price in ((64 * GIB, 8, 0.5), (512 * GIB, 32, 4.0)):
        for plan in plans(memory, price, 1.25e9, cores=cores):
            size = plan.size
            kind = f"{memory / GIB:.0f} GiB, {cores} cores, {price:g} an hour"
            rows.append(
                [
                    f"{size.edges:,}", kind, f"{plan.machines}", f"{size.ranks} x {size.row_parts}",
                    f"{plan.memory / GIB:.1f}", figure(plan.sent / 1e9), figure(plan.epoch / 3600),
                    figure(EPOCHS * plan.epoch / 3600), figure(EPOCHS * plan.price),
                ]
            )  # fmt: skip
    return markdown_table(header, rows, left=0)


def _seconds(value: float) -> str:
    return f"{value:.3g}"


def write_tables() -> None:
    """Put each table between the page's comments `NAME: begin` and `NAME: end`."""
    for name in TABLES:
        write_into(PAGE, table_of(name) + "\n", f"<!-- {name}: begin -->", f"<!-- {name}: end -->")
