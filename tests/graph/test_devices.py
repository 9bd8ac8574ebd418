from __future__ import annotations

import numpy as np
import pytest
import torch

from tastegraph.errors import DeviceError
from tastegraph.graph.devices import CPU, device_of, free_bytes, kept_lists, name_of
from tastegraph.graph.neighbours import NeighbourLists


def gpus(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """A machine with so many; mocked, since none may be at hand."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: number > 0)
    monkeypatch.setattr("torch.cuda.device_count", lambda: number)


def test_names_of_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    gpus(monkeypatch, 2)
    assert device_of("cpu") == CPU
    assert device_of("cuda") == device_of("auto") == torch.device("cuda", 0)
    assert device_of("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(DeviceError, match=r"device cuda:2: the last of this machine's GPUs is cuda:1"):
        device_of("cuda:2")
    for name in ("gpu", "cuda:", "cuda:x", "", "cpu:0"):
        with pytest.raises(DeviceError, match="expected cpu, cuda, cuda:N or auto"):
            device_of(name)


def test_a_machine_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    gpus(monkeypatch, 0)
    assert device_of("auto") == CPU
    with pytest.raises(DeviceError, match="device cuda:1 needs an NVIDIA GPU and a PyTorch built with CUDA"):
        device_of("cuda:1")
    assert name_of(CPU) == "cpu"
    assert free_bytes(CPU) is None


def test_lists_on_a_device_hold_the_same_pairs() -> None:
    rng = np.random.default_rng(0)
    lists = NeighbourLists.from_pairs(rng.integers(9, size=30), rng.integers(7, size=30), 9, 7)
    kept = kept_lists(lists, CPU)
    assert kept_lists(lists, CPU) is kept
    rows = np.array([3, 0, 3, 8])
    expected = lists.pairs_of(rows)
    found = kept.pairs_of(torch.from_numpy(rows), len(expected[0]))
    for ours, theirs in zip(found, expected, strict=True):
        assert np.array_equal(ours.numpy(), theirs)
    assert kept.keys.tolist() == [*lists.keys().tolist(), np.iinfo(np.int64).max]
