"""Peak memory of training on Gowalla and judging the result: one process each, its data read by itself."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.one_training import CACHED, OURS, TEXTBOOK, in_a_process
from benchmarks.record import Measured, Target, rows_of
from benchmarks.workloads import workload
from tastegraph.data.catalog import CATALOG
from tastegraph.data.fetch import locate

if TYPE_CHECKING:
    from benchmarks.settings import Settings

NAMES = {
    OURS: "ours",
    TEXTBOOK: "textbook, first run (builds its graph)",
    CACHED: "textbook, later runs (its graph is kept)",
}
BOUND = 1 / 3

NOTE = (
    "Resident memory of the whole process, interpreter and packages included. Ours: an epoch, batch 2048, with a full "
    "ranking of all test users. Textbook: an epoch's sampling, 20 steps, 300 test users judged (nothing grows after "
    "those). On its first run its graph goes through SciPy's list-of-lists and dictionary matrices; for later runs it "
    "is built the short way here, in place of reading what the first one saved."
)


def run(settings: Settings) -> Measured:
    """Measure on Gowalla: once each, since memory hardly varies."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = _quick(Path(scratch)) if settings.quick else locate(CATALOG["gowalla"], print).resolve()
        answers = {name: in_a_process(who, str(folder)) for who, name in NAMES.items()}
    group = "quick" if settings.quick else "gowalla"
    rows = [
        *rows_of(group, {n: [a["peak_mb"]] for n, a in answers.items()}, ours=NAMES[OURS], unit="MB"),
        *rows_of(
            f"{group}, without what was resident before the data were read",
            {n: [a["peak_mb"] - a["before_mb"]] for n, a in answers.items()},
            ours=NAMES[OURS],
            unit="MB",
        ),
    ]
    ours, first, cached = (answers[name]["peak_mb"] for name in NAMES.values())
    targets = (
        Target(what="of the textbook's peak, first run", comparison="<=", bound=BOUND, measured=ours / first),
        Target(what="of the textbook's peak, later runs", comparison="<=", bound=BOUND, measured=ours / cached),
    )
    return Measured(rows=tuple(rows), targets=targets, notes=(NOTE,))


def _quick(folder: Path) -> Path:
    """The small synthetic graph as a published split: train.txt, test.txt."""
    work = workload("quick")
    for name, lists in (("train.txt", work.graph.items_of), ("test.txt", work.test.lists)):
        lines = (" ".join(map(str, [user, *lists[user]])) for user in range(lists.num_rows) if len(lists[user]))
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
