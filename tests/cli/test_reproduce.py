from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command


def test_an_unknown_benchmark_is_refused_with_the_nearest_one(tastegraph: Command) -> None:
    done = tastegraph("reproduce", "benchmarks", "--only", "gowala", code=1)
    assert done.stderr == "tastegraph: gowala: no data set's recipe that comes along; did you mean gowalla?\n"


def test_an_unknown_model_is_refused_before_anything_is_run(tastegraph: Command, tmp_path: Path) -> None:
    words = ["--only", "gowalla", "--models", "chebycv", "--out", str(tmp_path / "x")]
    done = tastegraph("reproduce", "benchmarks", *words, code=1)
    assert done.stderr.strip().endswith("unknown model 'chebycv'; did you mean chebycf?")
    assert not (tmp_path / "x").exists()


def test_what_is_done_is_not_done_again_by_the_same_command(
    tastegraph: Command, ratings_csv: Path, tmp_path: Path
) -> None:
    changed = ["--set", f"data.source={ratings_csv}", "--set", "training.epochs=2"]
    words = ["reproduce", "benchmarks", "--only", "ml-100k", *changed, "--out", str(tmp_path / "records")]
    tastegraph(*words)
    (path,) = (tmp_path / "records").glob("ml-100k-*-seed-0.json")
    before = path.stat().st_mtime_ns
    done = tastegraph(*words)
    assert f"{path} is its record; remove it to run it again" in done.stderr.replace("\n", "")
    assert path.stat().st_mtime_ns == before
    assert "--set training.epochs=2` |" in done.stdout


def test_what_would_spoil_the_end_is_told_before_anything_is_run(tastegraph: Command, tmp_path: Path) -> None:
    words = ["reproduce", "benchmarks", "--only", "gowalla"]
    page, file = tmp_path / "page.md", tmp_path / "file"
    page.write_text("no comments\n", encoding="utf-8")
    file.write_text("", encoding="utf-8")
    done = tastegraph(*words, "--out", str(tmp_path / "x"), "--page", str(page), code=1)
    assert done.stderr.startswith(f"tastegraph: {page}: needs the lines")
    done = tastegraph(*words, "--out", str(file), code=1)
    assert done.stderr == f"tastegraph: {file}: cannot be written (file exists)\n"
    (tmp_path / "gowalla-seed-0.json").write_text("{", encoding="utf-8")
    done = tastegraph(*words, "--out", str(tmp_path), code=1)
    assert done.stderr == f"tastegraph: {tmp_path / 'gowalla-seed-0.json'}: no record of a benchmark\n"


def test_settings_that_the_table_could_not_show_are_refused_before_anything_is_run(
    tastegraph: Command, tmp_path: Path
) -> None:
    words = ["reproduce", "benchmarks", "--only", "gowalla", "--out", str(tmp_path / "x"), "--set"]
    done = tastegraph(*words, "evaluation.k=[5]", "--set", "evaluation.select=ndcg@5", code=1)
    assert done.stderr.strip().endswith(
        "gowalla: the table of gowalla shows recall@20 and ndcg@20, and evaluation.k = [5] leaves recall@20 out"
    )
    for key in ("training.seed", "models.mf.seed"):
        assert f"{key} goes by --seeds" in tastegraph(*words, f"{key}=5", code=2).stderr
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
