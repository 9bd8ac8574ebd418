from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from tastegraph.graph.devices import CPU
from tastegraph.lightgcn.step_losses import AT_A_TIME, StepLosses

if TYPE_CHECKING:
    from collections.abc import Callable


def test_on_the_processor_each_is_read_at_once() -> None:
    losses = StepLosses(CPU)
    for step, loss in enumerate((0.5, 0.25), start=1):
        losses.add(torch.tensor(loss))
        assert losses.are_due
        assert losses.news() == [(step, loss)]
        assert losses.news() == []
    assert losses.finite == [0.5, 0.25]


def test_elsewhere_they_are_read_together_and_told_once(plainly: Callable[[], None]) -> None:
    plainly()
    losses = StepLosses(CPU)
    for step in range(AT_A_TIME):
        assert not losses.are_due
        losses.add(torch.tensor(float(step)))
    assert losses.are_due
    assert losses.finite == list(range(AT_A_TIME))  # reading is not telling
    assert losses.news() == [(step + 1, step) for step in range(AT_A_TIME)]
    assert not losses.are_due


def test_what_comes_after_one_that_is_not_finite_does_not_count(plainly: Callable[[], None]) -> None:
    plainly()
    losses = StepLosses(CPU)
    for loss in (1.0, torch.nan, 0.5, torch.inf):
        losses.add(torch.tensor(loss))
    assert losses.finite == [1.0]
    assert len(losses) == 4


def test_an_epoch_goes_on_after_the_steps_of_an_earlier_sitting() -> None:
    losses = StepLosses(CPU)
    losses.begin([3.0, 2.0])
    losses.add(torch.tensor(1.0))
    assert len(losses) == 3
    assert losses.news() == [(3, 1.0)]
    losses.begin()
    assert len(losses) == 0
