from __future__ import annotations

from typing import TYPE_CHECKING

from tastegraph.studies import free_memory
from tastegraph.studies.free_memory import available_bytes

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_limit_of_a_control_group_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are as the kernel writes them, in a folder of ours: a test cannot set limits of its own."""
    free = available_bytes()
    assert free is not None
    monkeypatch.setattr(free_memory, "CGROUPS", tmp_path)
    for name, content in (("memory.max", "3000000\n"), ("memory.current", "1000000\n")):
        (tmp_path / name).write_text(content)
    assert available_bytes() == 2_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert abs((available_bytes() or 0) - free) < 1 << 30
