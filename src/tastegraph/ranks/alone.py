"""What a rank is and does; and one process alone, for which all of it is nothing and costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from tastegraph.errors import RanksError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import torch
    from numpy.typing import NDArray

__all__ = ["ALONE", "A_MOMENT", "Alone", "Ranks", "column_shares", "share_of", "widest_share"]

A_MOMENT = 10.0  # seconds that rank 0 may be behind, and is let speak first
WIDEST_BLOCK = 64  # columns that a kernel takes in one pass; it takes blocks of powers of two, 22 in three passes
A_PASS = 14  # columns that cost as much as a pass does without them, measured on Gowalla

Told = TypeVar("Told")


class Ranks(Protocol):
    """This process among those that work on one thing; see `Alone` and `Group`.

    All ranks call the same methods in the same order. What is said of tensors holds for any device and float dtype.

    Attributes:
        calls: whether this rank wants all to confer; it rides along with the next `sum`.
        called: whether any rank wanted so when the last sum was made; the same on all ranks.
    """

    calls: bool
    called: bool

    @property
    def rank(self) -> int:
        """Number of this process, from 0. Rank 0 writes and speaks for all."""

    @property
    def size(self) -> int:
        """How many there are."""

    def columns(self, width: int) -> slice:
        """This rank's columns of `width` columns."""

    def sum(self, *parts: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Each tensor summed over the ranks, in one message; shapes stay.

        A rank's gradient is that of its own part: what every rank computes from the sums is the same, and so is its
        gradient.
        """

    def shared(self, x: torch.Tensor) -> torch.Tensor:
        """A tensor that is the same on all ranks, as it is, shape included; its gradient is summed over the ranks."""

    def joined(self, part: torch.Tensor, width: int) -> torch.Tensor:
        """All `width` columns, [rows, width] on every rank, of each rank's own ones [rows, own]."""

    def gathered(self, part: torch.Tensor, width: int) -> torch.Tensor | None:
        """As `joined`, on rank 0 alone; None elsewhere."""

    def rows_of_all(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """The rows of all ranks, one rank's after the other's, on every rank: int32 [n, k] from [own, k] each."""

    def sent(self, x: torch.Tensor) -> torch.Tensor:
        """Rank 0's tensor, on every rank; the others hand in one of its shape and dtype."""

    def told(self, what: Callable[[], Told]) -> Told:
        """What rank 0 has to say, on every rank; only rank 0 is asked."""

    def all_told(self, what: Told) -> list[Told]:
        """What each rank says, by rank, on every rank."""

    def heard_by_first(self, what: Told) -> list[Told]:
        """What each rank says, by rank, on rank 0; nothing elsewhere."""


def share_of(count: int, rank: int, size: int, unit: int = 1) -> slice:
    """A rank's contiguous share of `count` things, as even as whole units allow; the last unit may be cut short."""
    units = -(-count // unit)
    begin, end = (units * number // size * unit for number in (rank, rank + 1))
    return slice(min(begin, count), min(end, count))


def column_shares(width: int, size: int) -> list[slice]:
    """Each rank's columns of `width`, at least one each: the cut whose dearest share takes the kernels the least time.

    64 columns in three are 16, 16 and 32, a pass each, rather than 21, 21 and 22, three passes each.

    Raises:
        RanksError: there are more ranks than columns.
    """
    if size > width:
        raise RanksError(f"{size} ranks are too many for embeddings of width {width} (model.embedding_dim)")
    units = [1 << power for power in range(WIDEST_BLOCK.bit_length())]
    cuts = [[share_of(width, rank, size, unit) for rank in range(size)] for unit in units]
    whole = [shares for shares in cuts if all(share.stop > share.start for share in shares)]
    return min(whole, key=lambda shares: max(_cost(share.stop - share.start) for share in shares))


def widest_share(width: int, size: int) -> int:
    """Columns of the rank that has most of `width`.

    Raises:
        RanksError: as `column_shares`.
    """
    return max(len(range(share.start, share.stop)) for share in column_shares(width, size))


def _cost(width: int) -> int:
    passes = width // WIDEST_BLOCK + (width % WIDEST_BLOCK).bit_count()
    return width + A_PASS * passes


class Alone:
    """One process: every column and every row is its own."""

    rank, size = 0, 1
    calls = called = False

    def columns(self, width: int) -> slice:
        """All columns."""
        return slice(0, width)

    def sum(self, *parts: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The parts, which are the whole, shapes and all."""
        return parts

    def shared(self, x: torch.Tensor) -> torch.Tensor:
        """The tensor as it is, of any shape."""
        return x

    def joined(self, part: torch.Tensor, width: int) -> torch.Tensor:  # noqa: ARG002
        """All columns, [rows, width], which are its own."""
        return part

    def gathered(self, part: torch.Tensor, width: int) -> torch.Tensor | None:  # noqa: ARG002
        """All columns, [rows, width], which are its own."""
        return part

    def rows_of_all(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """The rows as they are, int32 [n, k]."""
        return rows

    def sent(self, x: torch.Tensor) -> torch.Tensor:
        """The tensor as it is, of any shape."""
        return x

    def told(self, what: Callable[[], Told]) -> Told:
        """What it has to say."""
        return what()

    def all_told(self, what: Told) -> list[Told]:
        """What it says."""
        return [what]

    def heard_by_first(self, what: Told) -> list[Told]:
        """What it says."""
        return [what]


ALONE = Alone()
