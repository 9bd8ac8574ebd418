"""The losses of an epoch's steps. They stay on the device until they are read, several at a time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from tastegraph.graph import devices

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["StepLosses"]

AT_A_TIME = 64  # steps whose losses a device is asked for at once: whoever asks waits until it has taken them all


class StepLosses:
    """The losses of the steps of an epoch, in order.

    Args:
        device: what computes them; on a CPU each is read at once.
    """

    def __init__(self, device: torch.device) -> None:
        self._at_a_time = 1 if devices.runs_compiled(device) else AT_A_TIME
        self.begin()

    def __len__(self) -> int:
        return len(self._read) + len(self._unread)

    def begin(self, read: Sequence[float] = ()) -> None:
        """An epoch, some of whose steps may have been taken in an earlier sitting."""
        self._read: list[float] = list(read)
        self._unread: list[torch.Tensor] = []
        self._told = len(read)

    def add(self, loss: torch.Tensor) -> None:
        """A step's loss, a scalar; nobody waits for it."""
        self._unread.append(loss.detach())

    @property
    def are_due(self) -> bool:
        """Whether it is time to read them."""
        return len(self._unread) >= self._at_a_time

    def news(self) -> list[tuple[int, float]]:
        """What was not told before: (step from 1, loss)."""
        read, told = self._all(), self._told
        self._told = len(read)
        return list(enumerate(read[told:], start=told + 1))

    @property
    def finite(self) -> list[float]:
        """All of them, up to the first one that is not finite."""
        read = self._all()
        return read[: next((step for step, loss in enumerate(read) if not math.isfinite(loss)), len(read))]

    def _all(self) -> list[float]:
        if self._unread:
            self._read += torch.stack(self._unread).tolist()
            self._unread = []
        return self._read
