"""Ranks by torch.distributed: Gloo between CPUs, NCCL between GPUs, found by the variables that torchrun sets."""

from __future__ import annotations

import atexit
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous

from tastegraph.errors import RankGoneError, RanksError
from tastegraph.ranks.alone import A_MOMENT, column_shares

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

__all__ = ["Group", "joined_group"]

Told = TypeVar("Told")

FIRST_HAS_SPOKEN = "rank 0 has ended"


class Group:
    """This process among the ranks of torch.distributed's default group; see `Ranks`.

    Raises, from every method, where ranks speak with one another:
        RankGoneError: a rank has gone.
        RanksError: a rank does not answer in time.
    """

    def __init__(self, store: Any) -> None:
        self._store = store
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self.calls = self.called = False

    def columns(self, width: int) -> slice:
        """This rank's columns."""
        return column_shares(width, self.size)[self.rank]

    def sum(self, *parts: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Each tensor summed over the ranks, in one message; shapes stay."""
        return _Sum.apply(self, *parts)  # type: ignore[no-any-return, no-untyped-call]

    def shared(self, x: torch.Tensor) -> torch.Tensor:
        """The tensor as it is, of any shape; its gradient is summed."""
        return _Shared.apply(self, x)  # type: ignore[no-any-return, no-untyped-call]

    def add_up(self, x: torch.Tensor) -> None:
        """Sum a contiguous tensor, of any shape, over the ranks in place, without a gradient; all get the same bits."""
        with _spoken_with():
            dist.all_reduce(x)

    def joined(self, part: torch.Tensor, width: int) -> torch.Tensor:
        """All columns, [rows, width], on every rank."""
        own = self._padded(part, width)
        parts = [torch.empty_like(own) for _ in range(self.size)]
        with _spoken_with():
            dist.all_gather(parts, own)
        return self._beside(parts, width)

    def gathered(self, part: torch.Tensor, width: int) -> torch.Tensor | None:
        """All columns, [rows, width], on rank 0."""
        own = self._padded(part, width)
        parts = [torch.empty_like(own) for _ in range(self.size)] if self.rank == 0 else None
        with _spoken_with():
            dist.gather(own, parts)
        return None if parts is None else self._beside(parts, width)

    def _widths(self, width: int) -> list[int]:
        return [share.stop - share.start for share in column_shares(width, self.size)]

    def _padded(self, part: torch.Tensor, width: int) -> torch.Tensor:
        """Messages of one size: shares differ in width."""
        widest = max(self._widths(width))
        return torch.nn.functional.pad(part.detach(), (0, widest - part.shape[1])).contiguous()

    def _beside(self, parts: list[torch.Tensor], width: int) -> torch.Tensor:
        return torch.cat([part[:, :own] for part, own in zip(parts, self._widths(width), strict=True)], dim=1)

    def rows_of_all(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """The rows of all ranks, int32 [n, k], on every rank."""
        counts = self.all_told(len(rows))
        own = np.zeros((max(counts), rows.shape[1]), np.int32)
        own[: len(rows)] = rows
        device = _device()
        message = torch.from_numpy(own).to(device)
        parts = [torch.empty_like(message) for _ in range(self.size)]
        with _spoken_with():
            dist.all_gather(parts, message)
        return np.concatenate([part.cpu().numpy()[:count] for part, count in zip(parts, counts, strict=True)])

    def sent(self, x: torch.Tensor) -> torch.Tensor:
        """Rank 0's tensor, of the shape of each rank's own."""
        message = x.to(_device()).contiguous()
        with _spoken_with():
            dist.broadcast(message, 0)
        return message.to(x.device)

    def told(self, what: Callable[[], Told]) -> Told:
        """What rank 0 has to say."""
        said: list[Any] = [what() if self.rank == 0 else None]
        with _spoken_with():
            dist.broadcast_object_list(said, 0, device=_device())
        return said[0]  # type: ignore[no-any-return]

    def let_the_first_speak(self) -> bool:
        """Wait until rank 0 has ended, or for a moment: torchrun ends all ranks once one has failed.

        Returns:
            Whether it has ended.
        """
        try:
            self._store.wait([FIRST_HAS_SPOKEN], timedelta(seconds=A_MOMENT))
        except RuntimeError:
            return False
        return True

    def store_answers(self) -> bool:
        """Whether the store where ranks meet, torchrun's or else rank 0's, is there."""
        try:
            self._store.check([FIRST_HAS_SPOKEN])
        except RuntimeError:
            return False
        return True

    def heard_by_first(self, what: Told) -> list[Told]:
        """What each rank says, on rank 0."""
        said: list[Any] | None = [None] * self.size if self.rank == 0 else None
        with _spoken_with():
            dist.gather_object(what, said, 0)
        return said or []

    def all_told(self, what: Told) -> list[Told]:
        """What each rank says."""
        said: list[Any] = [None] * self.size
        with _spoken_with():
            dist.all_gather_object(said, what)
        return said


@contextmanager
def joined_group(seconds: float, attempt: int = 0, device: torch.device | None = None) -> Iterator[Group]:
    """Meet the other ranks where torchrun's variables say, work as one of them, and part.

    Args:
        seconds: how long to wait for a rank, now and whenever one is to answer.
        attempt: how often torchrun has started the ranks again. Its store outlives them, with addresses that nobody
            answers at any more.
        device: what this rank computes on, the CPU by default.

    Raises:
        RanksError: a rank does not come, or a variable is missing.
    """
    patience = timedelta(seconds=seconds)
    with _spoken_with():
        store, rank, size = next(rendezvous("env://", timeout=patience))
        store = dist.distributed_c10d.PrefixStore(f"tastegraph {attempt}", store)
        on_gpu = device is not None and device.type == "cuda"
        if on_gpu:
            torch.cuda.set_device(device)
        backend = "nccl" if on_gpu else "gloo"
        dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=patience)
    if rank == 0:
        atexit.register(store.set, FIRST_HAS_SPOKEN, "")  # at the very end: an error is printed before
    try:
        yield Group(store)
    finally:
        dist.destroy_process_group()


def _device() -> torch.device:
    """Where messages are to lie."""
    return torch.device("cuda" if dist.get_backend() == "nccl" else "cpu")


@contextmanager
def _spoken_with() -> Iterator[None]:
    """What torch.distributed says of a rank that has gone, or does not come, in one line."""
    try:
        yield
    except ValueError as error:  # of the variables
        raise RanksError(" ".join(str(error).split())) from error
    except RuntimeError as error:  # of Gloo, of NCCL and of the store where ranks meet
        said = str(error).lower()
        if "timeout" in said or "timed out" in said:
            raise RanksError("another rank does not answer in time (see --rank-timeout)") from error
        raise RankGoneError("another rank has gone, or cannot be reached") from error


class _Sum(torch.autograd.Function):
    """All-reduce forward, identity backward."""

    @staticmethod
    def forward(ctx: Any, group: Group, *parts: torch.Tensor) -> tuple[torch.Tensor, ...]:  # noqa: ARG004
        call = parts[0].new_tensor([float(group.calls)])
        message = torch.cat([*(part.reshape(-1) for part in parts), call])
        group.add_up(message)
        *sums, call = torch.split(message, [*(part.numel() for part in parts), 1])
        group.called = bool(call > 0)
        return tuple(total.view(part.shape) for total, part in zip(sums, parts, strict=True))

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # noqa: ARG004
        return None, *gradients


class _Shared(torch.autograd.Function):
    """Identity forward, all-reduce backward."""

    @staticmethod
    def forward(ctx: Any, group: Group, x: torch.Tensor) -> torch.Tensor:
        ctx.group = group
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[None, torch.Tensor]:
        total = gradient.clone()
        ctx.group.add_up(total)
        return None, total
