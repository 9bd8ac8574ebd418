"""SIGINT, SIGTERM and SIGHUP while a run is under way: a training saves after its step, all else stops at once."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tastegraph.errors import StoppedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["Stop"]

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """Whether someone asked to stop, and how a line says it.

    Attributes:
        advice: how to go on, for the line; empty while nothing is kept.
    """

    def __init__(self) -> None:
        self.advice = ""
        self._signal: signal.Signals | None = None
        self._own = False  # whether this process was sent it: all ranks may be, and one of them tells the others first
        self._waits = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen to signals meanwhile; only the main thread can."""
        ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # by nohup, which wants it so
        heard = [number for number in SIGNALS if not (ignored and number == signal.SIGHUP)]
        before = {number: signal.signal(number, self._hear) for number in heard}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, number: int, _: FrameType | None) -> None:
        again, self._own, self._signal = self._own, True, signal.Signals(number)
        if again or not self._waits:
            raise self.error("")

    def wait(self, *, wanted: bool) -> None:
        """From here on a first signal waits to be asked for (`asked`), or no longer does."""
        self._waits = wanted

    def hear(self, number: signal.Signals | None) -> None:
        """Take a signal, where there is one, that another rank was sent; it waits."""
        self._signal = self._signal or number

    @property
    def heard(self) -> signal.Signals | None:
        """The signal that waits."""
        return self._signal

    @property
    def asked(self) -> bool:
        """Whether a signal waits."""
        return self._signal is not None

    def error(self, where: str) -> StoppedError:
        """The error that ends the run, in place of a signal that came."""
        heard = self._signal or signal.SIGINT
        return StoppedError(f"stopped by {heard.name}{where}{self.advice}", heard)
