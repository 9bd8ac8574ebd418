"""Trials on Ray, on this machine or a cluster: the data lies once in each machine's object store, and is not copied."""

from __future__ import annotations

import logging
import socket
import warnings
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tastegraph.data.splits import HeldOut, Split
from tastegraph.errors import RunError, needs_extra
from tastegraph.studies.attempt import Outcome, attempt
from tastegraph.studies.models import title_of
from tastegraph.studies.watcher import Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tastegraph.studies.recipe import Recipe
    from tastegraph.studies.search import Draw, Search
    from tastegraph.studies.trial import Trial
    from tastegraph.studies.tuning import Runner
    from tastegraph.studies.watcher import Watcher

__all__ = ["blind", "check_ray", "on_ray"]

LOCAL, ANY, CLIENT = "local", "auto", "ray://"
REACH_SECONDS = 5.0


@contextmanager
def on_ray(address: str, trial: Trial, watcher: Watcher, at_once: int | None = None) -> Iterator[Runner]:
    """Try settings on Ray, several at once; the storage and the pruner stay with this process.

    What is tried next depends on what has come back, so with several at once a search is another one than with one at
    once, which is that of `here`, bit for bit.

    Args:
        address: "local" starts Ray on this machine for as long as this lasts; "HOST:PORT", "ray://HOST:PORT" or "auto"
            is a cluster that runs, where TasteGraph is installed on every machine.
        trial: what is learned from; its test part stays here.
        watcher: is told which trial begins.
        at_once: trials at a time; one a processor of the cluster by default. Each has its share of the processors.

    Raises:
        RunError: there is no Ray at the address.
        ModelError: the extra is missing.
    """
    check_ray(address)
    import ray

    _connect(address)
    try:
        sizes = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
        at_once = at_once or max(1, sum(sizes))
        share = max(1, min(sum(sizes) // at_once, max(sizes)))
        yield _Cluster(ray.put(blind(trial)), watcher, at_once, share).run
    finally:
        ray.shutdown()


def check_ray(address: str) -> None:
    """Refuse an address where no Ray can be; see `on_ray`.

    Raises:
        RunError: it is no address, or nobody listens there.
        ModelError: the extra is missing.
    """
    with needs_extra("--ray", "ray"):
        import ray  # noqa: F401 (whether it is there)
    if address not in (LOCAL, ANY):
        _must_answer(address)


def blind(trial: Trial) -> Trial:
    """The trial without its test part, its graph and lists made, so that whoever shares it does not make them again."""
    fit, nothing = trial.split.fit, np.empty(0, np.int32)
    parts = np.zeros(len(fit), np.uint8)
    split = Split(fit, trial.split.validation, HeldOut(nothing, nothing), fit, parts)
    shared = replace(trial, split=split)
    shared.__dict__.update(graph=trial.graph, validation=trial.validation)
    _ = trial.graph.lists
    return shared


class _Cluster:
    """Runs searches on a Ray that this process is connected to."""

    def __init__(self, shared: Any, watcher: Watcher, at_once: int, share: int) -> None:
        import ray

        self._shared, self._watcher, self._at_once = shared, watcher, at_once
        self._attempt = ray.remote(num_cpus=share, max_retries=1)(_attempt_there)
        self._verdicts = ray.remote(num_cpus=0)(_Verdicts).remote()
        self._share = share
        self._asked = self._verdicts.next.remote()  # the next metric, of whichever search

    def run(self, search: Search, done: Callable[[], None]) -> None:
        """Try what a search proposes until its budget is spent, and all that was begun has come back."""
        import ray

        running: dict[Any, Draw] = {}
        while True:
            while len(running) < self._at_once and (draw := search.ask()) is not None:
                running[self._begin(search, draw)] = draw
            if not running:
                return
            (ready,), _ = ray.wait([self._asked, *running], num_returns=1)
            if ready == self._asked:
                number, epoch, value = ray.get(ready)
                goes_on = next(draw for draw in running.values() if draw.number == number).goes_on(epoch, value)
                self._verdicts.answer.remote(number, goes_on)
                self._asked = self._verdicts.next.remote()
            else:
                search.tell(running.pop(ready), _outcome(ready))
                done()

    def _begin(self, search: Search, draw: Draw) -> Any:
        self._watcher.stage(f"{title_of(search.name)}, trial {draw.number}", None)
        about = (search.name, search.recipe, draw.settings, draw.number)
        return self._attempt.remote(self._shared, *about, self._verdicts, self._share)


def _outcome(ready: Any) -> Outcome:
    """What came back; a process that died, for want of memory maybe, is a trial that failed.

    Raises:
        RunError: the other machine cannot run it at all.
    """
    import ray

    try:
        found: Outcome = ray.get(ready)
        return found
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, ImportError):
            raise RunError(f"Ray's workers lack tastegraph or a package of it ({error.cause})") from None
        raise error.as_instanceof_cause() from None
    except ray.exceptions.RayError as error:
        return Outcome(failed=f"its process on Ray ended ({' '.join(str(error).split())[:160]})")


def _attempt_there(
    trial: Trial, name: str, recipe: Recipe, settings: Mapping[str, Any], number: int, verdicts: Any, threads: int
) -> Outcome:
    """`attempt` in a process of Ray's: arrays of `trial` are views of the object store; the pruner is asked for."""
    import ray

    torch.set_num_threads(threads)

    def goes_on(epoch: int, value: float) -> bool:
        return bool(ray.get(verdicts.judge.remote(number, epoch, value)))

    return attempt(name, trial, recipe, settings, Silent(), goes_on)


class _Verdicts:
    """Carries validation metrics from trials to the process that prunes, and its verdicts back."""

    def __init__(self) -> None:
        import asyncio

        self._reports: asyncio.Queue[tuple[int, int, float]] = asyncio.Queue()
        self._waiting: dict[int, asyncio.Future[bool]] = {}

    async def judge(self, number: int, epoch: int, value: float) -> bool:
        """Whether a trial goes on after an epoch; waits for the verdict."""
        import asyncio

        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._reports.put((number, epoch, value))
        return await self._waiting[number]

    async def next(self) -> tuple[int, int, float]:
        """The next metric: number of the trial, epoch, value."""
        return await self._reports.get()

    async def answer(self, number: int, goes_on: bool) -> None:
        """The verdict on what the trial asked last."""
        self._waiting.pop(number).set_result(goes_on)


def _connect(address: str) -> None:
    """Start or find Ray, its own talk left out.

    Raises:
        RunError: there is none.
    """
    import ray

    where: dict[str, Any] = (
        {"address": "local", "include_dashboard": False} if address == LOCAL else {"address": address}
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ray.init(**where, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise RunError(f"--ray {address}: no Ray there ({reason[:160]})") from None


def _must_answer(address: str) -> None:
    """Fail at once where nobody listens: Ray itself would try for a minute."""
    host, colon, port = address.removeprefix(CLIENT).rpartition(":")
    if not colon or not port.isdecimal() or not host:
        raise RunError(f"--ray {address}: expected local, auto, HOST:PORT or ray://HOST:PORT")
    try:
        socket.create_connection((host.strip("[]"), int(port)), REACH_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise RunError(f"--ray {address}: cannot be reached ({str(error).lower()})") from None
