from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Command


def test_an_unknown_benchmark_is_refused_with_the_known_ones(tastegraph: Command) -> None:
    done = tastegraph("reproduce", "benchmarks", "--only", "gowala", code=1)
    assert done.stderr.startswith("tastegraph: gowala: no recipe that comes along; known are ")
    assert "gowalla" in done.stderr


def test_the_installed_package_brings_its_recipes(tastegraph: Command) -> None:
    done = tastegraph("train", "--recipe", "gowalla", "--set", "training.epoch=1", code=1)
    assert done.stderr.strip().endswith("unknown key training.epoch; did you mean training.epochs?")
