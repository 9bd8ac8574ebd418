"""Ranks that hold columns of E0 train the model that one process trains: the same losses, the same embeddings."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tastegraph.errors import RanksError
from tastegraph.ranks.alone import ALONE, column_shares, share_of

from .starting import ENVIRONMENT, LONGEST, started, torchrun
from .trainings import KINDS, WIDTH, trained

if TYPE_CHECKING:
    from collections.abc import Mapping

TRAININGS = str(Path(__file__).parent / "trainings.py")
LOSSES = 1e-5


@pytest.fixture(scope="module")
def alone() -> Mapping[str, Any]:
    return {name: trained(*kind, ALONE) for name, kind in KINDS.items()}


@pytest.mark.parametrize("size", [2, 3, 4])
def test_ranks_train_what_one_process_trains(size: int, alone: Mapping[str, Any], tmp_path: Path) -> None:
    done = started(size, TRAININGS, str(tmp_path))
    assert done.returncode == 0, done.stderr
    by_rank = [json.loads((tmp_path / f"{size}-{rank}.json").read_text(encoding="utf-8")) for rank in range(size)]
    for name, one in alone.items():
        first = by_rank[0][name]
        assert len(first["losses"]) == len(one["losses"])
        np.testing.assert_allclose(first["losses"], one["losses"], atol=LOSSES, rtol=0, err_msg=name)
        for part in ("embeddings", "E0", "alpha"):
            np.testing.assert_allclose(first[part], one[part], atol=1e-4, rtol=0, err_msg=f"{name}, {part}")
        for other in by_rank[1:]:
            assert other[name] == first, f"{name}: ranks differ"


SLOW = {  # of the loopback device of a network namespace; kernels may lack either
    "2 ms delay, 100 Mbit a second": "netem delay 2ms rate 100mbit",
    "100 Mbit a second": "tbf rate 100mbit burst 256kb latency 50ms",
}


@pytest.mark.parametrize("limits", SLOW)
def test_a_slow_network_changes_no_loss(limits: str, alone: Mapping[str, Any], tmp_path: Path) -> None:
    if shutil.which("unshare") is None or shutil.which("tc") is None:
        pytest.skip("there is no unshare or no tc")
    made = f"ip link set lo up && tc qdisc add dev lo root {SLOW[limits]}"
    tried = subprocess.run(["unshare", "-n", "sh", "-c", made], check=False, capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"no network with {limits} can be made here: {tried.stderr.strip()}")
    words = ["unshare", "-n", "sh", "-c", f'{made} && exec "$@"', "sh", *torchrun(2, TRAININGS, str(tmp_path))]
    subprocess.run(words, check=True, capture_output=True, timeout=LONGEST, env=ENVIRONMENT)
    found = json.loads((tmp_path / "2-0.json").read_text(encoding="utf-8"))
    for name, one in alone.items():
        np.testing.assert_allclose(found[name]["losses"], one["losses"], atol=LOSSES, rtol=0, err_msg=name)


def test_shares_hold_every_column_once_and_no_rank_is_without() -> None:
    for width in range(1, 140):
        for size in range(1, min(width, 9) + 1):
            shares = column_shares(width, size)
            columns = [column for share in shares for column in range(width)[share]]
            assert columns == list(range(width))
            assert all(share.stop > share.start for share in shares)
    assert [share.stop - share.start for share in column_shares(WIDTH, 4)] == [1, 2, 2, 2]
    assert [share.stop - share.start for share in column_shares(64, 3)] == [16, 16, 32]


def test_more_ranks_than_columns_are_refused() -> None:
    with pytest.raises(RanksError, match="5 ranks are too many for embeddings of width 4"):
        column_shares(4, 5)


def test_shares_in_units_are_whole_units_but_for_the_last() -> None:
    assert [share_of(100, rank, 3, 16) for rank in range(3)] == [slice(0, 32), slice(32, 64), slice(64, 100)]
    assert [share_of(5, rank, 3, 8) for rank in range(3)] == [slice(0, 0), slice(0, 0), slice(0, 5)]
