"""Runs that torchrun starts as several ranks: the same files, one format of checkpoints, no hang whoever dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import load_file

from .starting import ENVIRONMENT, LONGEST, said_by_us, started, torchrun

if TYPE_CHECKING:
    from collections.abc import Iterator

TRAIN = ("-m", "tastegraph", "train")
SMALL = [
    "training.epochs=40",
    "training.patience=100",
    "training.batch_size=64",
    "model.embedding_dim=5",
    'baselines=["popularity"]',
]
WORDS = [word for setting in SMALL for word in ("--set", setting)]


@pytest.fixture(scope="module")
def csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ratings of 60 people with two tastes."""
    rng = np.random.default_rng(7)
    lines = ["user,item,rating"]
    for user in range(60):
        liked = rng.choice(20, size=12, replace=False) + 20 * (user % 2)
        lines += [f"person {user},film {film},{rng.integers(4, 6)}" for film in liked]
    path = tmp_path_factory.mktemp("data") / "ratings.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def alone(csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of one process."""
    out = tmp_path_factory.mktemp("runs") / "alone"
    words = [sys.executable, *TRAIN, str(csv), "--out", str(out), *WORDS]
    subprocess.run(words, check=True, capture_output=True, env=ENVIRONMENT)
    return out


@pytest.fixture(scope="module")
def by_three(csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of three ranks, of which one is killed: torchrun starts all again, and they go on."""
    out = tmp_path_factory.mktemp("runs") / "three"
    words = torchrun(3, *TRAIN, str(csv), "--out", str(out), "--checkpoint-epochs", "1", *WORDS,
                     options=("--max-restarts", "1"))  # fmt: skip
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        _wait_for_epochs(out, 3, process)
        os.kill(_ranks_of(process)[1], signal.SIGKILL)
        _, said = process.communicate(timeout=LONGEST)
    assert process.returncode == 0, said
    assert "going on with lightgcn-select after epoch" in said
    return out


def _wait_for_epochs(out: Path, epochs: int, process: subprocess.Popen[str]) -> None:
    deadline, journal = time.monotonic() + LONGEST, out / "metrics.jsonl"
    while not (journal.exists() and journal.read_text(encoding="utf-8").count("\n") >= epochs):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _ranks_of(process: subprocess.Popen[str]) -> dict[int, int]:
    """Process ids of the ranks that torchrun has started, by rank."""
    return dict(_ranks_below(process.pid))


def _ranks_below(parent: int) -> Iterator[tuple[int, int]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            of = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            variables = (folder / "environ").read_bytes().split(b"\0") if of == parent else []
        except OSError:
            continue
        yield from ((int(word[5:]), int(folder.name)) for word in variables if word.startswith(b"RANK="))


def _assert_the_same_run(found: Path, expected: Path, ranks: int) -> None:
    ours, theirs = (_journal(run) for run in (found, expected))
    assert [line["epoch"] for line in ours] == [line["epoch"] for line in theirs]
    np.testing.assert_allclose([x["loss"] for x in ours], [x["loss"] for x in theirs], atol=1e-5, rtol=0)
    assert [line["validation"] for line in ours] == [line["validation"] for line in theirs]
    for name in ("model/embeddings.safetensors", "checkpoints/best.safetensors"):
        tensors, wanted = load_file(found / name), load_file(expected / name)
        assert tensors.keys() == wanted.keys()
        for key, tensor in tensors.items():
            np.testing.assert_allclose(tensor, wanted[key], atol=1e-4, rtol=0)
    assert {path.name for path in found.rglob("*")} == {path.name for path in expected.rglob("*")}
    result, other = (_result(run) for run in (found, expected))
    assert result["metrics"] == other["metrics"]
    assert result["best_epoch"] == other["best_epoch"]
    assert result["ranks"] == ranks


def _journal(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


def _result(run: Path) -> dict[str, Any]:
    return dict(json.loads((run / "result.json").read_text(encoding="utf-8")))


def test_three_ranks_of_which_one_is_killed_leave_the_run_of_one_process(by_three: Path, alone: Path) -> None:
    _assert_the_same_run(by_three, alone, ranks=3)


def test_a_signal_to_one_rank_stops_all_and_any_number_of_ranks_goes_on(csv: Path, alone: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = torchrun(3, *TRAIN, str(csv), "--out", str(out), *WORDS)
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        _wait_for_epochs(out, 2, process)
        os.kill(_ranks_of(process)[2], signal.SIGTERM)
        _, said = process.communicate(timeout=LONGEST)
    (line,) = said_by_us(said)
    assert line.startswith("tastegraph: stopped by SIGTERM after epoch ")
    assert line.endswith(f"go on with: tastegraph train --resume {out}")

    done = started(2, *TRAIN, "--resume", str(out))
    assert done.returncode == 0, done.stderr
    assert "going on with lightgcn-select after epoch " in done.stderr
    _assert_the_same_run(out, alone, ranks=2)


def test_ranks_whose_torchrun_is_killed_save_and_end(csv: Path, alone: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = torchrun(2, *TRAIN, str(csv), "--out", str(out), *WORDS)
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        _wait_for_epochs(out, 2, process)
        process.kill()
        _, said = process.communicate(timeout=LONGEST)  # to the end of its stderr, which its ranks have, too
    (line,) = said_by_us(said)
    assert line.startswith("tastegraph: stopped by SIGTERM after epoch ")
    subprocess.run([sys.executable, *TRAIN, "--resume", str(out)], check=True, capture_output=True, env=ENVIRONMENT)
    _assert_the_same_run(out, alone, ranks=1)


def test_a_state_of_three_ranks_is_gone_on_with_by_one_process(csv: Path, alone: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = torchrun(3, *TRAIN, str(csv), "--out", str(out), "--checkpoint-epochs", "1", *WORDS)
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        _wait_for_epochs(out, 3, process)
        os.kill(_ranks_of(process)[1], signal.SIGKILL)
        _, said = process.communicate(timeout=LONGEST)
    (line,) = said_by_us(said)
    assert line == (
        f"tastegraph: another rank has gone, or cannot be reached; go on with: tastegraph train --resume {out}"
    )
    words = [sys.executable, *TRAIN, "--resume", str(out)]
    subprocess.run(words, check=True, capture_output=True, env=ENVIRONMENT)
    _assert_the_same_run(out, alone, ranks=1)


def test_lists_and_metrics_of_two_ranks_are_those_of_one_process(alone: Path, tmp_path: Path) -> None:
    own = [sys.executable, "-m", "tastegraph"]
    one, two = tmp_path / "one.parquet", tmp_path / "two.parquet"
    subprocess.run(
        [*own, "recommend", str(alone), "--all", "--out", str(one)], check=True, capture_output=True, env=ENVIRONMENT
    )
    done = started(2, "-m", "tastegraph", "recommend", str(alone), "--all", "--out", str(two))
    assert done.returncode == 0, done.stderr
    assert pl.read_parquet(two).equals(pl.read_parquet(one))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.parquet", "two.parquet"]

    said = subprocess.run(
        [*own, "evaluate", str(alone), "--json"], check=True, capture_output=True, text=True, env=ENVIRONMENT
    )
    done = started(2, "-m", "tastegraph", "evaluate", str(alone), "--json")
    assert json.loads(done.stdout) == json.loads(said.stdout)


SEED_OF_ITS_RANK = """
import os, runpy, sys
sys.argv[1:] += ["--set", f"training.seed={os.environ['RANK']}"]
runpy.run_module("tastegraph", run_name="__main__")
"""

DATA_OF_ITS_RANK = """
import os, pathlib, runpy, sys
path = pathlib.Path(sys.argv[2])
if os.environ["RANK"] == "1":
    other = path.with_name(f"{path.stem}-1.csv")
    other.write_text(path.read_text() + "person 0,film 39,5\\n")
    sys.argv[2] = str(other)
runpy.run_module("tastegraph", run_name="__main__")
"""

NO_DATA_ON_RANK_1 = """
import os, runpy, sys
if os.environ["RANK"] == "1":
    sys.argv[2] = "nowhere.csv"
runpy.run_module("tastegraph", run_name="__main__")
"""


@pytest.mark.parametrize(
    ("program", "line"),
    [
        (SEED_OF_ITS_RANK, "rank 1 has training.seed 1, rank 0 0; all ranks need the same settings, data and version"),
        (DATA_OF_ITS_RANK, "rank 1 has data "),
        (NO_DATA_ON_RANK_1, "rank 1: nowhere.csv: "),
    ],
)
def test_ranks_with_other_settings_or_data_are_refused_in_one_line(
    program: str, line: str, csv: Path, tmp_path: Path
) -> None:
    file = tmp_path / "program.py"
    file.write_text(program, encoding="utf-8")
    done = started(2, str(file), "train", str(csv), "--out", str(tmp_path / "run"), *WORDS)
    (said,) = said_by_us(done.stderr)
    assert done.returncode == 1
    assert said.startswith(f"tastegraph: {line}")
    assert "in <module>" not in done.stderr.partition("tastegraph: ")[0]
    assert not (tmp_path / "run").exists()


LATE_RANK_0 = """
import os, runpy, time
if os.environ["RANK"] == "0":
    time.sleep(3)
runpy.run_module("tastegraph", run_name="__main__")
"""
A_FAULT_OF_RANK_1 = """
import os, runpy, sys, time
import torch.distributed as dist
if os.environ["RANK"] == "1":
    leave = dist.destroy_process_group
    dist.destroy_process_group = lambda: (leave(), time.sleep(3))  # slow: rank 0 finds it gone, fails too, and ends it
    sys.argv += ["--set", "training.nonsense=1"]
runpy.run_module("tastegraph", run_name="__main__")
"""


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("compare", "ml-100k"), "torchrun goes with train, evaluate RUN and recommend --all; compare runs in"),
        (("train", "ml-100k", "--device", "cuda:99"), "device cuda:99 needs an NVIDIA GPU"),
    ],
)
def test_a_rank_0_that_is_late_still_says_why(words: tuple[str, ...], line: str, tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text(LATE_RANK_0, encoding="utf-8")
    done = started(2, str(file), *words)
    assert done.returncode == 1
    (said,) = said_by_us(done.stderr)
    assert said.startswith(f"tastegraph: {line}")


def test_a_fault_that_only_another_rank_has_is_told_by_it(csv: Path, tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text(A_FAULT_OF_RANK_1, encoding="utf-8")
    done = started(2, str(file), "train", str(csv), "--out", str(tmp_path / "run"), *WORDS)
    assert done.returncode == 1
    assert any(
        line.startswith("tastegraph: rank 1: ") and "training.nonsense" in line for line in said_by_us(done.stderr)
    )
    assert not (tmp_path / "run").exists()


RANK_0_WAITS_FOR_RANK_2_AND_THAT_FOR_RANK_1_WHICH_GOES = """
import os, runpy, time
import torch.distributed as dist
rank, add_up, called = int(os.environ["RANK"]), dist.all_reduce, []
def all_reduce(x):
    called.append(x)
    if len(called) < 20:
        add_up(x)
    elif rank == 1:
        os._exit(9)
    elif rank == 0:
        dist.recv(x, 2)
    else:
        try:
            dist.recv(x, 1)
        finally:
            time.sleep(2)  # torchrun's signal comes before it knows
dist.all_reduce = all_reduce
runpy.run_module("tastegraph", run_name="__main__")
"""


def test_a_rank_that_finds_another_gone_ends_so_that_rank_0_can_say_it(csv: Path, tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text(RANK_0_WAITS_FOR_RANK_2_AND_THAT_FOR_RANK_1_WHICH_GOES, encoding="utf-8")
    done = started(3, str(file), "train", str(csv), "--out", str(tmp_path / "run"), *WORDS)
    assert done.returncode == 1
    (line,) = said_by_us(done.stderr)
    assert line.startswith("tastegraph: another rank has gone, or cannot be reached")


def test_more_ranks_than_columns_end_in_one_line(csv: Path, tmp_path: Path) -> None:
    done = started(2, *TRAIN, str(csv), "--out", str(tmp_path / "run"), *WORDS, "--set", "model.embedding_dim=1")
    assert done.returncode == 1
    assert said_by_us(done.stderr) == [
        "tastegraph: 2 ranks are too many for embeddings of width 1 (model.embedding_dim)"
    ]


def test_a_rank_that_does_not_come_is_waited_for_so_long_and_told(csv: Path, tmp_path: Path) -> None:
    variables = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "0"}
    words = [sys.executable, *TRAIN, str(csv), "--out", str(tmp_path / "run"), "--rank-timeout", "2", *WORDS]
    done = subprocess.run(
        words, check=False, capture_output=True, text=True, env=ENVIRONMENT | variables, timeout=LONGEST
    )
    assert done.returncode == 1
    assert said_by_us(done.stderr)[-1] == "tastegraph: another rank does not answer in time (see --rank-timeout)"
    assert "Traceback" not in done.stderr


def test_commands_of_one_process_are_refused() -> None:
    for words in (("compare", "ml-100k"), ("recommend", "run", "--user", "1")):
        variables = {"RANK": "0", "WORLD_SIZE": "2"}
        done = subprocess.run(
            [sys.executable, "-m", "tastegraph", *words],
            check=False, capture_output=True, text=True, env=ENVIRONMENT | variables,
        )  # fmt: skip
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert line.startswith("tastegraph: torchrun goes with train, evaluate RUN and recommend --all; ")
