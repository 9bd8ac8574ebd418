from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command


def test_an_unknown_benchmark_is_refused_with_the_known_ones(tastegraph: Command) -> None:
    done = tastegraph("reproduce", "benchmarks", "--only", "gowala", code=1)
    assert done.stderr.startswith("tastegraph: gowala: no recipe that comes along; known are ")
    assert "gowalla" in done.stderr


def test_an_unknown_model_is_refused_before_anything_is_run(tastegraph: Command, tmp_path: Path) -> None:
    words = ["--only", "gowalla", "--models", "chebycv", "--out", str(tmp_path / "x")]
    done = tastegraph("reproduce", "benchmarks", *words, code=1)
    assert done.stderr.strip().endswith("unknown model 'chebycv'; did you mean chebycf?")
    assert not (tmp_path / "x").exists()


def test_the_installed_package_brings_its_recipes(tastegraph: Command) -> None:
    done = tastegraph("train", "--recipe", "gowalla", "--set", "training.epoch=1", code=1)
    assert done.stderr.strip().endswith("unknown key training.epoch; did you mean training.epochs?")


def test_the_tutorial_says_how_to_get_movielens_1m(tastegraph: Command, tmp_path: Path) -> None:
    done = tastegraph("reproduce", "tutorial", "--data", str(tmp_path / "ml-1m"), "--out", str(tmp_path / "x"), code=1)
    assert len(done.stderr.strip().splitlines()) == 1
    assert "no such file or folder, nor a known data set" in done.stderr
    assert not (tmp_path / "x").exists()


def test_the_tutorial_wants_two_hundred_users(tastegraph: Command, ratings_csv: Path) -> None:
    done = tastegraph("reproduce", "tutorial", "--data", str(ratings_csv), code=1)
    assert done.stderr.strip().endswith("the tutorial takes 200 users; found 60")


def test_a_folder_without_records_makes_no_tables(tastegraph: Command, tmp_path: Path) -> None:
    done = tastegraph("reproduce", "tutorial", "--from-records", "--out", str(tmp_path), code=1)
    assert done.stderr.strip().endswith("holds no record of a run")


@pytest.mark.parametrize("seeds", ["", "-1", "1,1", "abc", "0;1"])
def test_seeds_are_different_whole_numbers_with_quick_as_well(tastegraph: Command, seeds: str) -> None:
    done = tastegraph("reproduce", "tutorial", "--quick", f"--seeds={seeds}", code=2)
    assert "--seeds: expected different whole numbers" in done.stderr
