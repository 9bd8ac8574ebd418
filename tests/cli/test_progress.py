"""What the progress of a training says on the way to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tastegraph.cli.progress import TrainingProgress
from tastegraph.lightgcn.checkpoint import Epoch

if TYPE_CHECKING:
    import pytest


def test_the_time_left_of_a_training_that_goes_on_counts_what_earlier_sittings_took(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """90 of 100 epochs took 900 s before: ten are left, about 100 s, as soon as those of before are told."""
    now = [1000.0]
    monkeypatch.setattr("tastegraph.cli.progress.time.monotonic", lambda: now[0])
    with TrainingProgress("ndcg@20") as progress:
        progress.stage("LightGCN", 100)
        for number in range(1, 90):
            progress.epoch(Epoch(number, 10.0 * number, 0.5, {}))
        now[0] += 11  # a line is told only so often
        progress.epoch(Epoch(90, 900.0, 0.5, {"ndcg@20": 0.1}))
    assert (
        capsys.readouterr()
        .err.splitlines()[-1]
        .endswith("90/100 loss 0.500 ndcg@20 0.100 (best 0.100) \N{LESS-THAN OR EQUAL TO} 1:40 left")
    )
