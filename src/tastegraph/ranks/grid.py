"""A grid of ranks: each has a block of rows and a slice of columns of the same table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.distributed as dist

from tastegraph.errors import RanksError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["RowsOfGrid"]


class RowsOfGrid:
    """The ranks of this one's slice of columns, which have the other rows of it; all ranks of the group make one.

    Rank r of `rows` x `columns` ranks has block r // columns of the rows and slice r % columns of the columns.

    Args:
        rows: blocks of rows.

    Attributes:
        block: this rank's block of rows.
        slice: this rank's slice of columns.
        columns: slices of columns.
        received: bytes of rows that this rank was sent.

    Raises:
        RanksError: the number of ranks is no multiple of `rows`.
    """

    def __init__(self, rows: int) -> None:
        rank, size = dist.get_rank(), dist.get_world_size()
        if size % rows:
            raise RanksError(f"{size} ranks do not make a grid of {rows} blocks of rows")
        self.rows, self.columns = rows, size // rows
        self.block, self.slice = divmod(rank, self.columns)
        self.received = 0
        made = [dist.new_group([row * self.columns + part for row in range(rows)]) for part in range(self.columns)]
        self._group = made[self.slice]

    def all_rows(self, own: torch.Tensor, counts: Sequence[int]) -> torch.Tensor:
        """The rows of all blocks, one block after the other: float [sum of counts, w] from this rank's [own, w].

        Messages are of one size, that of the largest block.

        Args:
            own: this rank's rows, float [own, w].
            counts: rows of each block.
        """
        message = own.new_zeros(max(counts), own.shape[1])
        message[: len(own)] = own
        parts = [torch.empty_like(message) for _ in counts]
        dist.all_gather(parts, message, group=self._group)
        self.received += (self.rows - 1) * message.numel() * message.element_size()
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])
