"""Many runs beside one another: a process a core, a thread each, for steps over 200 users are too small for two."""

from __future__ import annotations

import multiprocessing
import os
import time
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tastegraph.data.load import load
from tastegraph.ranking.full_ranking import FULL_RANKING
from tastegraph.ranking.other_protocols import TUTORIAL
from tastegraph.studies.tutorial.ratings import FilmRatings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from tastegraph.data.dataset import Dataset
    from tastegraph.studies.tutorial.records import Record, Shelf
    from tastegraph.studies.tutorial.settings import Setting

__all__ = ["Progress", "run_all"]

Task = tuple["Setting", int]
LIBRARIES = ("OMP", "NUMBA", "OPENBLAS", "MKL")
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in LIBRARIES} | {"OMP_WAIT_POLICY": "PASSIVE"}


@dataclass(frozen=True)
class Progress:
    """What is told after each run.

    Attributes:
        record: the run.
        done: runs that have a record now, those found included.
        total: runs asked for.
    """

    record: Record
    done: int
    total: int

    @property
    def line(self) -> str:
        """For people."""
        figures = self.record.figures["protocols"]
        precision, ndcg = figures[TUTORIAL]["test"]["precision"], figures[FULL_RANKING]["test"]["ndcg"]
        return (
            f"{self.done}/{self.total} {self.record.setting.title}, seed {self.record.seed}: P@10 {precision:.4f} "
            f"(tutorial), NDCG@10 {ndcg:.4f} (full ranking), {self.record.figures['seconds']:.1f} s"
        )


def run_all(
    tasks: Iterable[Task],
    shelf: Shelf,
    source: str,
    *,
    jobs: int,
    seconds: float | None = None,
    on_run: Callable[[Progress], None] = lambda _: None,
) -> bool:
    """Run what has no record yet, and keep a record of each run.

    Args:
        tasks: settings and seeds, in the order to begin them.
        shelf: where records are kept.
        source: name or path of the data.
        jobs: processes.
        seconds: no run begins after so many; None for no limit.
        on_run: told of each run.

    Returns:
        Whether every task has its record.

    Raises:
        StoppedError: a signal ended it, where one is listened to (`Stop`).
    """
    asked = list(dict.fromkeys(tasks))
    left = [task for task in asked if shelf.find(*task) is None]
    began, total, done = time.monotonic(), len(asked), len(asked) - len(left)

    def is_over() -> bool:
        return seconds is not None and time.monotonic() - began >= seconds

    if not left:
        return True
    context = multiprocessing.get_context("spawn")
    workers = ProcessPoolExecutor(min(jobs, len(left)), context, _begin, (source,))
    with _one_thread_each(), workers as pool, _ended_at_once():
        running: dict[Future[Any], Task] = {}
        while running or (left and not is_over()):
            while left and len(running) < jobs and not is_over():
                task = left.pop(0)
                running[pool.submit(_run, *task)] = task
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                figures, environment = future.result()
                record = shelf.keep(*running.pop(future), figures, environment)
                done += 1
                on_run(Progress(record, done, total))
    return not left


@contextmanager
def _ended_at_once() -> Iterator[None]:
    """Whatever ends the wait, such as a signal, ends the runs under way: they have no record."""
    try:
        yield
    except BaseException:
        for process in multiprocessing.active_children():
            process.terminate()
        raise


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """What processes begun here find in their environment: threads that wait for work would take it from the others."""
    before = dict(os.environ)
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class _Worker:
    """What a process holds from run to run."""

    dataset: Dataset
    ratings: dict[int | None, FilmRatings]


def _begin(source: str) -> None:
    import signal

    import torch

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)  # an interrupted run ends at once, and has no record
    torch.set_num_threads(1)
    _Worker.dataset, _Worker.ratings = load(source), {}
    _warm_up()


def _warm_up() -> None:
    """Compile the kernels, or load them, so that no run's seconds hold it."""
    from tastegraph.graph import propagation, top_k_operator
    from tastegraph.lightgcn import pair_scores

    for precision in ("float32", "float16"):
        propagation.warm_up(64, precision)
    pair_scores.warm_up(64)
    top_k_operator.warm_up()


def _run(setting: Setting, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    import platform
    from importlib.metadata import version

    from tastegraph.studies.tutorial.experiments import keeps_curve
    from tastegraph.studies.tutorial.run import run

    if setting.num_users not in _Worker.ratings:
        _Worker.ratings[setting.num_users] = FilmRatings.of(_Worker.dataset, setting.num_users)
    figures = run(setting, seed, _Worker.ratings[setting.num_users])
    if not keeps_curve(setting):
        figures.pop("epochs")
    packages = {name: version(name) for name in ("torch", "numba", "numpy")}
    return figures, {"python": platform.python_version(), "packages": packages, "cores": os.cpu_count()}
