from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import svds

from tastegraph.errors import GraphError
from tastegraph.graph import spectral
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.graph.spectral import singular_triplets


def _normalised(graph: BipartiteGraph) -> csr_matrix:
    d = graph.symmetric_scale
    user = np.repeat(np.arange(graph.num_users), graph.items_of.counts)
    item = graph.items_of.index.astype(np.int64)
    values = d[user] * d[graph.num_users + item]
    return csr_matrix((values, (user, item)), shape=(graph.num_users, graph.num_items))


def _uneven(num_users: int, num_items: int) -> BipartiteGraph:
    """Popular and rare items, as real data have them, and a user and an item without an edge."""
    rng = np.random.default_rng(5)
    user = rng.integers(0, num_users - 1, 12 * num_users)
    item = ((num_items - 1) * rng.random(12 * num_users) ** 3).astype(np.int64)
    return BipartiteGraph.from_pairs(user, item, num_users, num_items)


@pytest.mark.parametrize(("num_users", "num_items", "rank"), [(900, 1300, 40), (1300, 900, 40), (60, 50, 50)])
def test_the_values_are_scipys_and_the_vectors_belong_to_them(num_users: int, num_items: int, rank: int) -> None:
    graph = _uneven(num_users, num_items)
    a = _normalised(graph)
    u, s, v = singular_triplets(graph, rank)
    assert all(part.dtype == np.float32 for part in (u, s, v))
    expected = np.linalg.svd(a.toarray(), compute_uv=False) if rank == 50 else svds(a, rank)[1]
    np.testing.assert_allclose(s, np.sort(expected)[::-1][:rank], rtol=1e-4, atol=1e-6)
    positive = s > 1e-4
    np.testing.assert_allclose(u[:, positive].T @ u[:, positive], np.eye(positive.sum()), atol=1e-3)
    np.testing.assert_allclose(v.T @ v, np.eye(rank), atol=1e-4)
    np.testing.assert_allclose(a @ v, u * s, atol=2e-3)
    np.testing.assert_allclose(a.T @ u, v * s, atol=2e-3)


def test_the_first_triplet_is_the_roots_of_the_degrees_with_the_value_1(toy: BipartiteGraph) -> None:
    """P d^1/2 = d^1/2 on a connected graph."""
    u, s, v = singular_triplets(toy, 1)
    roots = np.sqrt(toy.items_of.counts), np.sqrt(toy.users_of.counts)
    assert s[0] == pytest.approx(1)
    for vector, root in zip((u[:, 0], v[:, 0]), roots, strict=True):
        np.testing.assert_allclose(vector, root / np.linalg.norm(root), atol=1e-6)


def test_it_is_the_same_every_time_and_hardly_depends_on_the_seed() -> None:
    graph = _uneven(900, 700)
    one, again, other = (singular_triplets(graph, 20, seed=seed) for seed in (0, 0, 1))
    for a, b in zip(one, again, strict=True):
        assert np.array_equal(a, b)
    np.testing.assert_allclose(one[1], other[1], rtol=1e-4)
    np.testing.assert_allclose(one[2][:, :5], other[2][:, :5], atol=1e-3)  # signs included
    largest = np.take_along_axis(one[2], np.abs(one[2]).argmax(0)[None], axis=0)
    assert (largest > 0).all()


@pytest.mark.parametrize("rank", [0, -3, 5])
def test_a_rank_that_no_matrix_of_the_size_has_is_refused(toy: BipartiteGraph, rank: int) -> None:
    with pytest.raises(GraphError, match=f"3 users and 4 items have from 1 to 3 singular values; found rank {rank}"):
        singular_triplets(toy, rank)


def test_a_graph_of_lower_rank_than_asked_for_has_zeros() -> None:
    """Users in three groups that like the same: three values of 1."""
    user, item = np.nonzero(np.arange(600)[:, None] % 3 == np.arange(900)[None, :] % 3)
    u, s, v = singular_triplets(BipartiteGraph.from_pairs(user, item, 600, 900), 6)
    np.testing.assert_allclose(s, [1, 1, 1, 0, 0, 0], atol=1e-3)
    assert np.isfinite(u).all() and np.isfinite(v).all()  # noqa: PT018


@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_what_lies_within_a_space_leaves_a_basis_orthogonal_to_it(scale: float) -> None:
    """Nothing but round-off is left of it, in directions that hang on the LAPACK that torch was built with."""
    generator = torch.Generator().manual_seed(0)
    q, _ = torch.linalg.qr(torch.randn(600, 48, generator=generator))
    x = scale * q[:, :3] @ torch.randn(3, 16, generator=generator)
    basis, r = spectral._orthonormal(x, q)
    torch.testing.assert_close(q.T @ basis, torch.zeros(48, 16), atol=1e-6, rtol=0)
    torch.testing.assert_close(basis.T @ basis, torch.eye(16), atol=1e-5, rtol=0)
    torch.testing.assert_close(basis @ r, x - q @ (q.T @ x), atol=1e-6, rtol=0)
