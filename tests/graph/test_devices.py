from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from tastegraph.errors import DeviceError
from tastegraph.graph.devices import CPU, device_of, free_bytes, is_compiled, kept_lists, name_of, sent
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


def test_what_is_said_of_a_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    gpus(monkeypatch, 0)
    for built, said in ((None, "is built without CUDA"), ("13.0", "finds none")):
        monkeypatch.setattr("torch.version.cuda", built)
        told = (
            f"device cuda needs an NVIDIA GPU and a PyTorch built with CUDA; this PyTorch, {torch.__version__}, {said}"
        )
        with pytest.raises(DeviceError, match=f"^{re.escape(told)}$"):
            device_of("cuda")
    with pytest.raises(DeviceError, match=r"^device 'gpu': expected cpu, cuda, cuda:N or auto$"):
        device_of("gpu")
    for name in ("cuda:²", "cuda:-1", "1"):
        with pytest.raises(DeviceError, match="expected cpu, cuda, cuda:N or auto"):
            device_of(name)


def test_a_gpu_is_called_by_its_number_and_its_own_name_and_says_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mocked, since none may be at hand."""
    monkeypatch.setattr("torch.cuda.get_device_name", {torch.device("cuda", 1): "NVIDIA H200"}.__getitem__)
    monkeypatch.setattr("torch.cuda.mem_get_info", {torch.device("cuda", 1): (5, 9)}.__getitem__)
    assert name_of(torch.device("cuda", 1)) == "cuda:1 (NVIDIA H200)"
    assert free_bytes(torch.device("cuda", 1)) == 5


def test_compiled_kernels_run_for_float32_on_the_processor() -> None:
    x = torch.ones(1)
    assert is_compiled(x)
    assert not is_compiled(x.double())
    assert not is_compiled(x.to("meta"))


def test_what_is_sent_arrives_as_it_was() -> None:
    x = torch.arange(3)
    assert torch.equal(sent(x, CPU), x)
    assert sent(x, torch.device("meta")).device.type == "meta"
