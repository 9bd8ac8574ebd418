"""What a training step costs, as functions of users, items, edges, width d, layers K, batch B and ranks R.

Bytes that are kept, bytes that are moved, floats that are exchanged, and the seconds that they take on a machine whose
bandwidths are known. The step is that of BPR with uniform negatives, its last layer computed at the batch's nodes only:
K - 1 whole passes over the edges forward and as many backward, and two that the batch's nodes alone need.

R ranks each hold every edge and a slice of the columns, of which the largest counts (`widest_share`); where edges do
not fit, rows are parted too, `row_parts` ways, and each pass brings the rows that its neighbours hold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from tastegraph.ranks.alone import widest_share

__all__ = ["Machine", "Plan", "Size", "Touched", "plan_of", "touched"]

INDEX, FLOAT = 4, 4  # bytes of a neighbour's index, and of a float32
FETCHED = 128  # bytes of two cache lines: rows of one take as long, with 32 halves as with 64 at 10^8 edges
ADAM = 7  # tensors of E0's size that Adam reads and writes: E0, its gradient and two moments; E0 and the moments
BATCH_PASSES = 10  # over the batch's rows: picked, summed, scored, and their gradients
ROW_COLUMNS = 64  # that a row's own seconds are measured with
LIBRARIES = 580e6  # bytes that Python, torch, numba and Polars take
STEPS = 1024  # of the sum over popularity


@dataclass(frozen=True)
class Size:
    """A training.

    Attributes:
        users, items, edges: of the graph; edges are undirected.
        width: d.
        layers: K, at least 1.
        batch: B, positives a step, each with `negatives`.
        stored: bytes of a number between layers: 2 for float16, 4 for float32.
        ranks: R, which share the columns.
        row_parts: parts that edges and rows are cut into; 1 where every rank holds all edges.
        skew: s of the popularity of the node of rank r, r^-s; 0 is even.

    Raises:
        ValueError: a number is too small, or there are more ranks than columns.
    """

    users: int
    items: int
    edges: int
    width: int = 64
    layers: int = 3
    batch: int = 131_072
    negatives: int = 1
    stored: int = 2
    ranks: int = 1
    row_parts: int = 1
    skew: float = 0.5

    def __post_init__(self) -> None:
        if min(self.users, self.items, self.edges, self.layers, self.batch, self.row_parts) < 1:
            raise ValueError("users, items, edges, layers, batch and row_parts are 1 or more")
        if not 1 <= self.ranks <= self.width:
            raise ValueError(f"from 1 to {self.width} ranks share {self.width} columns; found {self.ranks}")

    @property
    def nodes(self) -> int:
        """N, users and items."""
        return self.users + self.items

    @property
    def columns(self) -> int:
        """Columns of the rank that has most."""
        return widest_share(self.width, self.ranks)

    @property
    def steps(self) -> int:
        """Steps an epoch."""
        return ceil(self.edges / self.batch)

    @property
    def e0_bytes(self) -> float:
        """Bytes of a rank's part of E0 in float32."""
        return FLOAT * self.nodes * self.columns / self.row_parts

    def memory(self) -> dict[str, float]:
        """Bytes that a rank keeps at the peak of a step, by what they are for."""
        lists = INDEX * 4 * self.edges + 3 * 8 * self.nodes  # both ways, and both joined; where each list starts
        pairs = INDEX * 4 * self.edges  # a user of each edge; an epoch's users, positives and negatives
        kept = 2 * (self.stored * self.columns + FLOAT) * self.nodes + 2 * FLOAT * self.nodes
        rows = touched(self)
        others = FLOAT * self.columns * self.nodes if self.row_parts > 1 else 0  # all rows, while a layer is gathered
        return {
            "E0, its gradient, Adam's moments": 4 * self.e0_bytes,
            "graph": lists / self.row_parts,
            "positives and negatives of an epoch": pairs / self.row_parts,
            "layers": kept / self.row_parts,
            "rows of all parts": others,
            "batch": 6 * FLOAT * self.columns * rows.nodes + 12 * 8 * 3 * self.batch,
            "libraries": LIBRARIES,
        }

    def streamed(self) -> float:
        """Bytes that a step of a rank reads and writes in order."""
        half, entries = self.stored * self.columns * self.nodes, 2 * self.edges
        passes = 2 * (self.layers - 1) + 1  # those that read every list: the batch's own forward pass reads few
        lists = passes * (INDEX * entries + (8 + FLOAT) * self.nodes)
        between = FLOAT * self.columns * self.nodes + half + (passes - 1) * half  # packed, then written pass by pass
        optimizer = (ADAM + 1 + 1) * FLOAT * self.columns * self.nodes  # the gradient is written, on fresh pages
        batch = BATCH_PASSES * FLOAT * self.columns * touched(self).nodes
        return (lists + between + optimizer) / self.row_parts + batch

    def summed_rows(self) -> float:
        """Rows that a step of a rank packs, or sums up and writes in a pass; the batch's own has its nodes alone."""
        return 2 * self.layers * self.nodes / self.row_parts + touched(self).nodes

    def gathered(self) -> tuple[tuple[float, float, float], ...]:
        """What a step of a rank gathers at random: (rows, bytes of a row, rows of the table they are in).

        Users gather from the items' rows and items from the users'.
        """
        row, found = self.stored * self.columns, touched(self)
        whole = 2 * (self.layers - 1) * self.edges / self.row_parts
        batch = 2 * found.entries / 2 / self.row_parts  # forward and backward, from each side
        scored = 4 * (1 + self.negatives) * self.batch
        return (
            (whole + batch, row, self.items),
            (whole + batch, row, self.users),
            (2 * self.edges / self.row_parts, INDEX, self.nodes),  # whether a neighbour is of the batch
            (scored, FLOAT * self.columns, found.nodes),
        )

    def summed(self) -> float:
        """Floats that ranks sum up a step: a score of each positive and negative."""
        return (1 + self.negatives) * self.batch if self.ranks > 1 else 0

    def sent(self) -> float:
        """Bytes that a rank sends a step: an all-reduce of the scores, and the rows that other parts need.

        A ring's all-reduce of n floats among R sends 2 (R - 1) / R of them. With row parts each whole pass sends what
        a part holds to the others of its columns, in float32: (parts - 1) / parts of all rows in and out.
        """
        reduced = 2 * (self.ranks - 1) / self.ranks * FLOAT * self.summed()
        passes = 2 * self.layers
        rows = self.nodes / self.row_parts * (self.row_parts - 1) * FLOAT * self.columns
        return reduced + passes * rows


@dataclass(frozen=True)
class Touched:
    """The nodes of a batch: how many differ, and how many entries their lists have together."""

    nodes: float
    entries: float


def touched(size: Size) -> Touched:
    """The expected distinct nodes of a batch, and the length of their lists.

    Positives are drawn as edges are, so a node of m edges is missed by a batch of B with (1 - m / E)^B, about
    exp(-B m / E); negatives are items drawn evenly.
    """
    share = (np.arange(STEPS) + 0.5) / STEPS  # ranks, as shares of a side
    popularity = (1 - size.skew) * share**-size.skew
    popularity /= popularity.mean()
    nodes = entries = 0.0
    for count, even in ((size.users, 0.0), (size.items, size.negatives * size.batch / size.items)):
        there = 1 - np.exp(-size.batch * popularity / count - even)
        nodes += count * float(there.mean())
        entries += size.edges * float((there * popularity).mean())
    return Touched(nodes, entries)


@dataclass(frozen=True)
class Machine:
    """A machine, as measured by moving bytes on it, not by training.

    Attributes:
        stream: bytes a second, read and written in order.
        cached: bytes a second of rows gathered from caches.
        scattered: bytes a second of rows gathered from memory.
        cache: bytes that caches hold of a table.
        row: seconds of summing a row of 64 columns up, whatever its list's length: scaled, converted, written.
        fixed: seconds of a step whatever its size.
        sort: seconds an id of finding a batch's distinct nodes.
        network: bytes a second that a rank sends.
    """

    stream: float
    cached: float
    scattered: float
    cache: float
    row: float = 0.0
    fixed: float = 0.0
    sort: float = 0.0
    network: float = float("inf")

    def seconds(self, size: Size) -> float:
        """Seconds of a step of a training."""
        moved = size.streamed() / self.stream
        gathered = sum(self.gather(rows, width, table, size.skew) for rows, width, table in size.gathered())
        rows = self.row * size.summed_rows() * size.columns / ROW_COLUMNS
        ids = (2 + size.negatives) * size.batch
        return self.fixed + moved + rows + gathered + self.sort * ids + size.sent() / self.network

    def gather(self, rows: float, width: float, table: float, skew: float) -> float:
        """Seconds of gathering rows of `width` bytes from a table of so many.

        The caches hold the most popular rows: of a table of T bytes they answer (cache / T)^(1 - skew) of the draws.
        """
        there = min(1.0, (self.cache / (table * width)) ** (1 - skew)) if table * width else 1.0
        return rows * max(width, FETCHED) * (there / self.cached + (1 - there) / self.scattered)


@dataclass(frozen=True)
class Plan:
    """Machines for a training, and what it takes on them.

    Attributes:
        size: with its ranks and row parts.
        machines: one a rank and row part.
        memory: bytes of each, at its peak.
        step, epoch: seconds.
        sent: bytes that a machine sends a step.
        price: of an epoch on all machines, in the currency of the machine's price an hour.
    """

    size: Size
    machines: int
    memory: float
    step: float
    epoch: float
    sent: float
    price: float


def plan_of(size: Size, machine: Machine, memory: float, price: float, *, most_ranks: int = 16) -> Plan:
    """The cheapest number of machines that hold a training, and how columns and rows are shared among them.

    Args:
        size: with one rank and part.
        machine: of which as many are had as are needed.
        memory: bytes of each.
        price: of each an hour.
        most_ranks: columns are not cut finer.

    Raises:
        ValueError: no number of machines up to 16 times 2^12 holds it.
    """
    plans = []
    for parts in (2**n for n in range(13)):
        for ranks in range(1, min(most_ranks, size.width) + 1):
            tried = replace(size, ranks=ranks, row_parts=parts)
            needed = sum(tried.memory().values())
            if needed <= memory:
                step, count = machine.seconds(tried), ranks * parts
                epoch = step * tried.steps
                plans.append(Plan(tried, count, needed, step, epoch, tried.sent(), count * price * epoch / 3600))
    if not plans:
        raise ValueError(f"{memory:,.0f} bytes a machine hold no such training")
    return min(plans, key=lambda plan: (plan.price, plan.machines))
