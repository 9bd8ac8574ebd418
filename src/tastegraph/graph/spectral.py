"""The leading singular triplets of the normalised interactions, D_u^-1/2 R D_i^-1/2, through the propagation kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from tastegraph.errors import GraphError
from tastegraph.graph.propagation import layer_into

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.graph.bipartite import BipartiteGraph

    Triplets = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]

__all__ = ["singular_triplets"]

DENSE_BELOW = 512  # nodes of the smaller side: a dense decomposition is as fast
SETTLED = 1e-4  # relative: the values are exact once a larger space raises none by more than this
PASSES = 8  # of orthogonalisation after the first, at most; one is the rule
NOTHING = 1e-6  # a singular value below this is one of zero in float32


def singular_triplets(graph: BipartiteGraph, rank: int, *, seed: int = 0) -> Triplets:
    """The `rank` largest singular values of D_u^-1/2 R D_i^-1/2, with their vectors, largest first.

    Block Lanczos with all blocks kept orthogonal (Golub, Luk and Overton 1981), grown until the values are exact to
    1e-4. Where the smaller side is small, or `rank` a good part of it, a dense decomposition.

    Args:
        graph: whose interactions R, normalised by the degrees.
        rank: how many triplets, from 1 to the smaller of users and items.
        seed: of the random start, which does not show in the result but where values are equal. Of one value that
            occurs often (a graph in many pieces has as many of 1) at least 16 are found.

    Returns:
        U float32 [users, rank], s float32 [rank], V float32 [items, rank]. In each column of V the entry of the largest
        magnitude is positive. Where s is 0, the column of the larger side is 0.

    Raises:
        GraphError: `rank` is out of range.
    """
    smaller = min(graph.num_users, graph.num_items)
    if not 1 <= rank <= smaller:
        raise GraphError(
            f"{graph.num_users:,} users and {graph.num_items:,} items have from 1 to {smaller:,} singular values; "
            f"found rank {rank:,}"
        )
    dense = smaller <= DENSE_BELOW or 4 * rank > smaller
    u, s, v = _dense(graph, rank) if dense else _lanczos(graph, rank, seed)
    sign = torch.where(v.gather(0, v.abs().argmax(0, keepdim=True)) < 0, -1.0, 1.0)
    return (u * sign).numpy(), s.numpy(), (v * sign).numpy()


def _dense(graph: BipartiteGraph, rank: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    user = np.repeat(np.arange(graph.num_users), graph.items_of.counts)
    item = graph.items_of.index.astype(np.int64)
    normalised = torch.zeros(graph.num_users, graph.num_items)
    d = torch.from_numpy(graph.symmetric_scale.astype(np.float32))
    normalised[user, item] = d[user] * d[graph.num_users + item]
    u, s, vt = torch.linalg.svd(normalised, full_matrices=False)
    return u[:, :rank], s[:rank], vt[:rank].T


def _lanczos(graph: BipartiteGraph, rank: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """With A from the smaller side to the larger: T = Q^T A^T A Q is block tridiagonal, its vectors y give V = Q y."""
    users, items = range(graph.num_users), range(graph.num_users, graph.num_nodes)
    small, large = (users, items) if len(users) < len(items) else (items, users)
    q, t = _krylov_space(graph, small, large, rank, seed)
    squares, y = torch.linalg.eigh(t)
    s = squares[-rank:].flip(0).clamp(min=0).sqrt().float()
    v = q @ y[:, -rank:].flip(1).float()
    u = _across(graph, v, small, large) * torch.where(s > NOTHING, 1 / s, 0.0)
    return (u, s, v) if small is items else (v, s, u)


def _krylov_space(
    graph: BipartiteGraph, small: range, large: range, rank: int, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Q float32 [small, m] and T float64 [m, m], with m large enough for `rank` values of T to be those of A^T A."""
    block = 16 if rank < 256 else 32  # narrow blocks need fewer vectors, wide ones less time for each
    stride = block * max(1, rank // (4 * block))
    space = torch.empty(len(small), 0)
    t = torch.zeros(0, 0, dtype=torch.float64)
    values = torch.zeros(rank, dtype=torch.float64)
    fresh = torch.randn(len(small), block, generator=torch.Generator().manual_seed(seed))
    m = 0
    while m + block <= len(small):
        if m + block > space.shape[1]:
            space = torch.cat([space, torch.empty(len(small), 2 * rank + 8 * block)], 1)
        fresh, joint = _orthonormal(fresh, space[:, :m])
        space[:, m : m + block] = fresh
        there = _across(graph, fresh, small, large)
        t = _bordered(t, joint, there.T @ there)
        fresh = _across(graph, there, large, small)
        m += block
        if m >= 3 * rank and m % stride == 0:
            before, values = values, torch.linalg.eigvalsh(t)[-rank:]
            if bool((values - before <= 2 * SETTLED * values).all()):  # of squares: twice as much
                break
    return space[:, :m], t


def _orthonormal(x: torch.Tensor, q: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """An orthonormal basis, orthogonal to the columns of q, of what x has beside them; and x in its terms.

    Again, since once leaves round-off of the size of what was taken away; and again while that takes more than half of
    a column (Daniel, Gragg, Kaufman and Stewart 1976): x had it only as round-off, where q holds all that A reaches.
    """
    basis, r = torch.linalg.qr(x - q @ (q.T @ x))
    for _ in range(PASSES):
        basis, further = torch.linalg.qr(basis - q @ (q.T @ basis))
        r = further @ r
        if further.diagonal().abs().min() > 0.5:
            break
    return basis, r


def _bordered(t: torch.Tensor, joint: torch.Tensor, corner: torch.Tensor) -> torch.Tensor:
    """T with a block more: `corner` on the diagonal, `joint` beside it."""
    m, block = len(t), len(corner)
    larger = torch.zeros(m + block, m + block, dtype=torch.float64)
    larger[:m, :m] = t
    larger[m:, m:] = corner
    if m:
        larger[m:, m - block : m] = joint
        larger[m - block : m, m:] = joint.T
    return larger


def _across(graph: BipartiteGraph, x: torch.Tensor, here: range, there: range) -> torch.Tensor:
    """What reaches the nodes of the other side in one layer from values x [here, n] on this one: float32 [there, n]."""
    everywhere = torch.zeros(graph.num_nodes, x.shape[1])
    everywhere[here.start : here.stop] = x
    reached = torch.empty(len(there), x.shape[1])
    layer_into(graph, everywhere, there, reached)
    return reached
