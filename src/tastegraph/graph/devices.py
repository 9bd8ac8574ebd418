"""Where numbers are computed: by compiled kernels on a CPU, by plain PyTorch on a GPU; and what is kept there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import torch

from tastegraph.errors import DeviceError

if TYPE_CHECKING:
    from tastegraph.graph.neighbours import NeighbourLists

__all__ = [
    "CPU",
    "KeptLists",
    "device_of",
    "free_bytes",
    "is_compiled",
    "kept_lists",
    "name_of",
    "runs_compiled",
    "sent",
]

CPU = torch.device("cpu")


def device_of(name: str) -> torch.device:
    """The device that a name means: "cpu", "cuda", "cuda:N", or "auto", a GPU where there is one.

    Raises:
        DeviceError: the name means none, or this machine has no such device.
    """
    there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "cpu" or (name == "auto" and not there):
        return CPU
    number = "0" if name in ("cuda", "auto") else name.removeprefix("cuda:")
    if number == name or not (number.isascii() and number.isdigit()):
        raise DeviceError(f"device {name!r}: expected cpu, cuda, cuda:N or auto")
    if not there:
        built = f"this PyTorch, {torch.__version__}, " + (
            "finds none" if torch.version.cuda else "is built without CUDA"
        )
        raise DeviceError(f"device {name} needs an NVIDIA GPU and a PyTorch built with CUDA; {built}")
    if int(number) >= there:
        raise DeviceError(f"device {name}: the last of this machine's GPUs is cuda:{there - 1}")
    return torch.device("cuda", int(number))


def name_of(device: torch.device) -> str:
    """The device for people: "cuda:0 (NVIDIA H200)"."""
    return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else str(device)


def free_bytes(device: torch.device) -> int | None:
    """Memory of its own that a device has free; None for the CPU."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None


def runs_compiled(device: torch.device) -> bool:
    """Whether the compiled kernels run on a device; elsewhere it is plain PyTorch that computes."""
    return device.type == "cpu"


def is_compiled(x: torch.Tensor) -> bool:
    """Whether the compiled kernels run for `x`, of any shape: they know float32 alone."""
    return runs_compiled(x.device) and x.dtype == torch.float32


def sent(x: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A tensor of the CPU on a device, of the same shape; a GPU fetches it when it comes to it, nobody waits."""
    if device.type != "cuda" or not torch.cuda.is_available():
        return x.to(device)
    return x.pin_memory().to(device, non_blocking=True)


@dataclass(frozen=True, eq=False)
class KeptLists:
    """Neighbour lists on a device.

    Attributes:
        start: where each row's list starts in `index`, int64 [rows + 1].
        index: column indices, int64 [entries].
        num_columns: indices are below this.
    """

    start: torch.Tensor
    index: torch.Tensor
    num_columns: int

    @cached_property
    def keys(self) -> torch.Tensor:
        """Row x columns + column of every entry, ascending, then one that is no pair's; int64 [entries + 1].

        With the last one every search ends on a key.
        """
        every = torch.arange(len(self.start) - 1, device=self.start.device)
        row, column = self.pairs_of(every, len(self.index))
        last = torch.full((1,), torch.iinfo(torch.int64).max, device=row.device)
        return torch.cat([row * self.num_columns + column, last])

    def pairs_of(self, rows: torch.Tensor, entries: int) -> tuple[torch.Tensor, torch.Tensor]:
        """All entries of some rows: (position in `rows`, column index), int64 [entries] each.

        Args:
            rows: int64 [n].
            entries: of these rows; asked for, since the device alone could not say without being waited for.
        """
        first, counts = self.start[rows], self.start[rows + 1] - self.start[rows]
        position = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), counts, output_size=entries)
        offset = torch.arange(entries, device=rows.device) - (torch.cumsum(counts, 0) - counts)[position]
        return position, self.index[first[position] + offset]


_kept: WeakKeyDictionary[NeighbourLists, dict[torch.device, KeptLists]] = WeakKeyDictionary()


def kept_lists(lists: NeighbourLists, device: torch.device) -> KeptLists:
    """Neighbour lists on a device; once brought there they stay as long as the lists live."""
    kept = _kept.setdefault(lists, {})
    if device not in kept:
        start, index = (torch.from_numpy(part.astype(np.int64)).to(device) for part in (lists.start, lists.index))
        kept[device] = KeptLists(start, index, lists.num_columns)
    return kept[device]
