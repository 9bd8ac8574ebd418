"""`python -m benchmarks [CASE ...]`: run cases, print their tables, keep their figures."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.cases import TITLES, measure
from benchmarks.disturbance import Disturbance
from benchmarks.document import write_into
from benchmarks.record import Result
from benchmarks.screen import show
from benchmarks.settings import Settings

HERE = Path(__file__).parent
RESULTS = HERE / "results"
DOCS = HERE.parent / "docs"
PAGE = DOCS / "speed.md"
ELSEWHERE = {  # cases whose tables stand on another page
    "loading": DOCS / "data.md",
    "device": DOCS / "scale.md",
    "checkpoints": DOCS / "reliability.md",
    "ranks": DOCS / "scale.md",
    "serve": DOCS / "serve.md",
}
TABLE = "table"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    cases: Annotated[
        list[str] | None, typer.Argument(help="Cases to run; all by default; `table` renders docs.")
    ] = None,
    *,
    list_: Annotated[bool, typer.Option("--list", help="Name the cases and stop.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="A small graph and 2 rounds: does it run?")] = False,
    full: Annotated[bool, typer.Option("--full", help="Whole epochs of slow peers, and 10^8 edges.")] = False,
    skip_recbole: Annotated[bool, typer.Option("--skip-recbole", help="Do not install or run RecBole.")] = False,
    rounds: Annotated[int | None, typer.Option(min=1, help="Rounds of interleaved measurements.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the JSON files.")] = None,
    page: Annotated[Path, typer.Option(help="Page that `table` renders into.")] = PAGE,
) -> None:
    """Measure TasteGraph against its peers."""
    console = Console(width=None if Console().is_terminal else 120)
    if list_:
        for name, title in TITLES.items():
            console.print(f"{name:12} {title}")
        return
    if cases == [TABLE]:
        _render(out or RESULTS, page, console)
        return
    unknown = [case for case in cases or () if case not in TITLES]
    if unknown:
        raise typer.BadParameter(f"no case {unknown[0]!r}; there are {', '.join(TITLES)} and {TABLE}")
    warnings.filterwarnings("ignore", "Sparse .* (disabled|beta)")  # of the peers
    settings = Settings(quick, full, not skip_recbole, rounds)
    # Quick figures mean nothing: they never replace recorded ones.
    folder = out or (RESULTS / "quick" if quick else RESULTS)
    for case in cases or TITLES:
        with Console(stderr=True).status(f"{case} ..."):
            result = _run(case, settings)
        result.save(folder)
        if case == "scaling":
            from benchmarks.figure import draw_scaling

            draw_scaling(result, folder / "scaling.svg")
        show(result, console, quick=quick)


def _render(folder: Path, page: Path, console: Console) -> None:
    results = {name: Result.read(path) for name in TITLES if (path := folder / f"{name}.json").exists()}
    if page == PAGE:
        for name in results.keys() & ELSEWHERE.keys():
            write_into(ELSEWHERE[name], [results[name]], name=name, level=3)
    here = [result for name, result in results.items() if name not in ELSEWHERE]
    write_into(page, here)
    console.print(f"{page.name}: {len(here)} cases")


def _run(case: str, settings: Settings) -> Result:
    began, disturbance = time.perf_counter(), Disturbance()
    measured = measure(case, settings)
    return Result.of(
        measured,
        case=case,
        title=TITLES[case],
        command=f"python -m benchmarks {case} {settings.flags}".strip(),
        seconds=time.perf_counter() - began,
        others=disturbance.share(),
    )


if __name__ == "__main__":
    app()
