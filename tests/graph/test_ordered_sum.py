from __future__ import annotations

import pytest
import torch

from tastegraph.graph.ordered_sum import ordered_sum


@pytest.mark.parametrize("length", [0, 1, 1023, 1024, 1025, 2048, 5000, 1024 * 1024, 1024 * 1024 + 1025, 2_500_001])
def test_whole_numbers_are_summed_exactly_and_each_counts_once(length: int) -> None:
    x = (torch.arange(length) % 7).double().requires_grad_()
    total = ordered_sum(x)
    assert total.shape == ()
    assert total.item() == sum(n % 7 for n in range(length))
    torch.autograd.backward(total)
    assert x.grad is not None
    assert bool((x.grad == 1).all())


def test_an_array_of_any_shape_is_summed_whole() -> None:
    x = torch.arange(3 * 700 * 2, dtype=torch.float64)
    for shape in ((2100, 2), (3, 700, 2), (1, 4200)):
        assert ordered_sum(x.view(shape)).item() == x.sum().item()
    assert ordered_sum(x.view(2100, 2).T).item() == x.sum().item()


def test_rows_of_1024_are_summed_first_then_their_sums() -> None:
    x = torch.randn(5000, generator=torch.Generator().manual_seed(0))
    rows = torch.stack([row.sum() for row in x[:4096].view(4, 1024)])
    assert torch.equal(ordered_sum(x), torch.cat([rows, x[4096:]]).sum())


def test_the_number_of_threads_does_not_change_a_bit() -> None:
    x = torch.randn(1_000_003, generator=torch.Generator().manual_seed(1))
    threads = torch.get_num_threads()
    try:
        sums = []
        for number in (1, 2, 3):
            torch.set_num_threads(number)
            sums.append(ordered_sum(x).item())
    finally:
        torch.set_num_threads(threads)
    assert sums[0] == sums[1] == sums[2]
