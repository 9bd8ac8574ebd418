from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SMALL = [
    "training.epochs=100",
    "training.patience=100",
    "training.batch_size=16",
    "model.embedding_dim=8",
    "baselines=[]",
]


def _train(*words: str) -> list[str]:
    return [sys.executable, "-m", "tastegraph", "train", *words]


def _stopped(number: signal.Signals, csv: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """A training that is sent a signal once it has an epoch."""
    words = [word for setting in SMALL for word in ("--set", setting)]
    process = subprocess.Popen(_train(str(csv), "--out", str(out), *words), stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not ((out / "metrics.jsonl").exists() and (out / "metrics.jsonl").stat().st_size):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, "", said)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_says_how_to_go_on_and_the_run_goes_on(
    ratings_csv: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    out = tmp_path / "a run"
    stopped = _stopped(number, ratings_csv, out)
    assert stopped.returncode == code
    last = stopped.stderr.strip().splitlines()[-1]
    assert last.startswith(f"tastegraph: stopped by {number.name} after epoch ")
    assert last.endswith(f"go on with: tastegraph train --resume '{out}'")
    assert "Traceback" not in stopped.stderr

    words = (str(ratings_csv), "--out", str(out))
    again = subprocess.run(_train(*words), check=False, capture_output=True, text=True)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "holds an unfinished run; go on with it by --resume" in again.stderr
    runs = [sys.executable, "-m", "tastegraph", "runs", str(out), "--json"]
    (listed,) = json.loads(subprocess.run(runs, check=True, capture_output=True, text=True).stdout)["runs"]
    assert listed["state"] == "unfinished"
    assert listed["why"].startswith("epoch ")

    other = subprocess.run(
        _train("--resume", str(out), "--set", "training.seed=4"), check=False, capture_output=True, text=True
    )
    assert other.returncode == 1
    assert "training.seed was 0, now 4" in other.stderr
    done = subprocess.run(_train("--resume", str(out), "--json"), check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == json.loads((out / "result.json").read_text())
    assert len((out / "metrics.jsonl").read_text().splitlines()) == 100
    twice = subprocess.run(_train("--resume", str(out), "--json"), check=True, capture_output=True, text=True)
    assert twice.stdout == done.stdout


def test_there_must_be_a_run_to_go_on_with(tmp_path: Path) -> None:
    for place, message in ((tmp_path, "no unfinished run"), (tmp_path / "none", "no such file or directory")):
        done = subprocess.run(_train("--resume", str(place)), check=False, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (1, f"tastegraph: {place}: {message}\n")


def test_a_relative_path_of_the_data_is_taken_from_where_the_run_began(ratings_csv: Path, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    shutil.copy(ratings_csv, tmp_path / "here" / "own.csv")
    words = [word for setting in SMALL for word in ("--set", setting)]
    process = subprocess.Popen(
        _train("own.csv", "--out", "../runs/first", *words), cwd=tmp_path / "here", stderr=subprocess.PIPE, text=True
    )
    out = tmp_path / "runs" / "first"
    deadline = time.monotonic() + 60
    while not ((out / "metrics.jsonl").exists() and (out / "metrics.jsonl").stat().st_size):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.terminate()
    process.communicate(timeout=60)
    gone_on = subprocess.run(
        _train("--resume", "../runs/first", "--json"),
        cwd=tmp_path / "there",
        check=False,
        capture_output=True,
        text=True,
    )
    assert gone_on.returncode == 0, gone_on.stderr
    assert len((out / "metrics.jsonl").read_text().splitlines()) == 100
