from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tastegraph.data.load import load
from tastegraph.errors import DivergedError, RunError, StoppedError, TasteGraphError
from tastegraph.lightgcn.checkpoint import load_state
from tastegraph.studies.checkpoints import Checkpoints, Often
from tastegraph.studies.evaluate import evaluate
from tastegraph.studies.recipe import Recipe, load_recipe
from tastegraph.studies.run import Keeping, Prepared, resume, run
from tastegraph.studies.seal import check_seal
from tastegraph.studies.trial import Trial
from tastegraph.studies.watcher import Silent

if TYPE_CHECKING:
    from collections.abc import Callable

    from tastegraph.lightgcn.checkpoint import Epoch

SMALL = ["training.epochs=4", "training.batch_size=128", "model.embedding_dim=8", 'baselines=["mf"]']
OBJECTIVES = {
    "bpr": [],
    "hardest": ["training.negatives=hardest", "training.schedule=cosine"],
    "popularity": ["training.negatives=popularity", "model.alpha=learned"],
    "softmax": ["training.objective=softmax", "training.batch_size=16", "training.shared_negatives=10"],
    "refit": ["split.held_out=last"],
}


class StopsAfter(Silent):
    """Asks for the end after so many steps, as a signal does."""

    def __init__(self, steps: int) -> None:
        self._left = steps
        self.told: list[str] = []
        self.keeping = Keeping(Often(minutes=0), say=self.told.append)

    def step(self, step: int, steps: int, loss: float) -> None:
        self._left -= 1
        if self._left == 0:
            self.keeping.stop._hear(signal.SIGTERM, None)


def _recipe(data: Path, *settings: str) -> Recipe:
    return load_recipe(None, [*SMALL, *settings], str(data))


def _prepare(recipe: Recipe) -> Prepared:
    dataset = load(recipe.data.source)
    return Prepared(dataset, Trial.of(dataset, recipe))


def _begin(data: Path, out: Path, steps: int, *settings: str, force: bool = False) -> str:
    """A run that is stopped after so many steps; the line that says so."""
    watcher = StopsAfter(steps)
    with pytest.raises(StoppedError) as stopped:
        run(_recipe(data, *settings), load(str(data)), out, watcher, keeping=watcher.keeping, force=force)
    assert stopped.value.signal == signal.SIGTERM
    return str(stopped.value)


def _outcome(out: Path) -> dict[str, Any]:
    """All that a run came to, but for times."""
    result = json.loads((out / "result.json").read_text())
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return {
        "metrics": result["metrics"],
        "baselines": {name: part["metrics"] for name, part in result["baselines"].items()},
        "lines": [{key: value for key, value in line.items() if key != "seconds"} for line in lines],
        "files": {path.name: path.read_bytes() for path in out.rglob("*.safetensors")},
    }


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A published split, where the chosen model is trained again on all."""
    folder = tmp_path / "published"
    folder.mkdir()
    users = range(40)
    rows = {user: [(user % 2) * 15 + (user * 7 + 4 * step) % 15 for step in range(8)] for user in users}
    for name, part in (("train.txt", slice(0, 6)), ("test.txt", slice(6, 8))):
        lines = (" ".join(map(str, [user, *dict.fromkeys(rows[user][part])])) for user in users)
        (folder / name).write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_run_in_several_sittings_is_the_run_in_one(
    ratings_csv: Path, published: Path, tmp_path: Path, objective: str
) -> None:
    """Losses, metrics and embeddings, bit for bit: stopped within an epoch, at its end, and in other stages."""
    data = published if objective == "refit" else ratings_csv
    settings = OBJECTIVES[objective]
    run(_recipe(data, *settings), load(str(data)), tmp_path / "one", Silent())
    steps = 5 if objective != "softmax" else 2
    line = _begin(data, tmp_path / "more", steps, *settings)
    assert line.endswith(f"go on with: tastegraph train --resume {tmp_path / 'more'}")
    sittings = 1
    for pause in (3, 1, 7, 6, 4):
        watcher = StopsAfter(pause)
        try:
            resume(tmp_path / "more", _prepare, watcher, keeping=watcher.keeping)
        except StoppedError:
            sittings += 1
            continue
        break
    else:
        resume(tmp_path / "more", _prepare, Silent())
    assert sittings > 2
    assert _outcome(tmp_path / "more") == _outcome(tmp_path / "one")
    check_seal(tmp_path / "more")
    assert evaluate(tmp_path / "more")["metrics"]["test"] == _outcome(tmp_path / "one")["metrics"]["test"]


def test_a_finished_run_is_not_gone_on_with(ratings_csv: Path, tmp_path: Path) -> None:
    run(_recipe(ratings_csv), load(str(ratings_csv)), tmp_path / "run", Silent())
    before = _outcome(tmp_path / "run")
    assert resume(tmp_path / "run", _prepare, Silent()) is None
    assert _outcome(tmp_path / "run") == before
    assert [path.name for path in (tmp_path / "run" / "checkpoints").iterdir()] == ["best.safetensors"]


def test_a_run_that_replaces_another_leaves_it_whole_until_the_end(ratings_csv: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    run(_recipe(ratings_csv), load(str(ratings_csv)), out, Silent())
    before = _outcome(out)
    _begin(ratings_csv, out, 5, "training.seed=1", force=True)
    assert _outcome(out) == before
    check_seal(out)
    resume(out, _prepare, Silent())
    run(_recipe(ratings_csv, "training.seed=1"), load(str(ratings_csv)), tmp_path / "one", Silent())
    assert _outcome(out) == _outcome(tmp_path / "one") != before
    assert not out.with_name("run.unfinished").exists()


def test_the_last_two_states_are_kept_and_a_damaged_one_is_passed_over(ratings_csv: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    watcher = StopsAfter(9)
    keeping = Keeping(Often(minutes=0, epochs=1), watcher.keeping.stop, watcher.told.append)
    with pytest.raises(StoppedError):
        run(_recipe(ratings_csv), load(str(ratings_csv)), out, watcher, keeping=keeping)
    older, newer = sorted((out / "checkpoints").iterdir())
    content = bytearray(newer.read_bytes())
    content[-3] ^= 4
    newer.write_bytes(content)
    told: list[str] = []
    resume(out, _prepare, Silent(), keeping=Keeping(say=told.append))
    assert str(newer) in told[0]
    assert "damaged" in told[0]
    assert "passed over" in told[0]
    assert older.name in told[1]
    run(_recipe(ratings_csv), load(str(ratings_csv)), tmp_path / "one", Silent())
    assert _outcome(out) == _outcome(tmp_path / "one")


def test_how_often_states_are_kept(tmp_path: Path) -> None:
    """Without clock and epochs none is written before a training ends, as `docs/reliability.md` says."""

    def due(often: Often) -> list[int]:
        keeper = Checkpoints(tmp_path, {}, often).keeper("lightgcn-select")
        return [epoch for epoch in range(1, 7) if keeper.is_due(epoch)]

    assert due(Often(minutes=0)) == []
    assert due(Often(minutes=0, epochs=3)) == [3, 6]
    assert due(Often(minutes=1e-9)) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["training.learning_rate=0.5"], r"settings are others: training.learning_rate was 0.01, now 0.5; begin a new"),
        (["baselines=[]", "model.num_layers=1"], r'baselines was \["mf"\], now \[\]; model.num_layers was 3, now 1'),
    ],
)
def test_other_settings_are_refused_with_what_differs(
    ratings_csv: Path, tmp_path: Path, change: list[str], message: str
) -> None:
    _begin(ratings_csv, tmp_path / "run", 5)
    with pytest.raises(RunError, match=message):
        resume(tmp_path / "run", _prepare, Silent(), wanted=_recipe(ratings_csv, *change))


def test_other_data_is_refused_by_the_files_name(ratings_csv: Path, tmp_path: Path) -> None:
    _begin(ratings_csv, tmp_path / "run", 5)
    ratings_csv.write_text(ratings_csv.read_text() + "ann,film 3,5,99\n")
    with pytest.raises(RunError, match=r"data has changed since the run began: ratings\.csv was"):
        resume(tmp_path / "run", _prepare, Silent())


def test_another_version_is_refused(ratings_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _begin(ratings_csv, tmp_path / "run", 5)
    monkeypatch.setattr("tastegraph.__version__", "9.9")
    with pytest.raises(RunError, match=r"tastegraph .* began this run, this is 9\.9"):
        resume(tmp_path / "run", _prepare, Silent())


@pytest.mark.parametrize("name", ["recipe.toml", "environment.json", "split.parquet", "digests.json"])
def test_damage_to_what_a_run_began_with_is_found(ratings_csv: Path, tmp_path: Path, name: str) -> None:
    _begin(ratings_csv, tmp_path / "run", 5)
    path = tmp_path / "run" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunError, match=f"{name}: altered"):
        resume(tmp_path / "run", _prepare, Silent())


def test_a_flipped_bit_in_any_file_of_a_finished_run_is_found(ratings_csv: Path, tmp_path: Path) -> None:
    run(_recipe(ratings_csv), load(str(ratings_csv)), tmp_path / "run", Silent())
    paths = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert len(paths) > 12
    for path in paths:
        whole = path.read_bytes()
        for place in {0, len(whole) // 3, len(whole) - 1}:
            content = bytearray(whole)
            content[place] ^= 1
            path.write_bytes(content)
            with pytest.raises(RunError, match="altered"):
                check_seal(tmp_path / "run")
        path.write_bytes(whole)
        check_seal(tmp_path / "run")


def test_two_runs_into_one_folder(ratings_csv: Path, tmp_path: Path) -> None:
    _begin(ratings_csv, tmp_path / "run", 5)
    with pytest.raises(RunError, match=r"holds an unfinished run; go on with it by --resume"):
        run(_recipe(ratings_csv), load(str(ratings_csv)), tmp_path / "run", Silent())
    handle = os.open(tmp_path / "run", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(RunError, match="another process is training there"):
            resume(tmp_path / "run", _prepare, Silent())
        with pytest.raises(RunError, match="another process is training there"):
            run(_recipe(ratings_csv), load(str(ratings_csv)), tmp_path / "run", Silent(), force=True)
    finally:
        os.close(handle)
    resume(tmp_path / "run", _prepare, Silent())


def test_an_early_error_leaves_nothing(ratings_csv: Path, tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match=r"step \d+, with a learning rate of"):
        run(_recipe(ratings_csv, "training.learning_rate=1e30"), load(str(ratings_csv)), tmp_path / "run", Silent())
    assert not (tmp_path / "run").exists()


def test_divergence_keeps_the_last_good_state(
    ratings_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Adam's step is made to grow after two epochs: a fault that no setting gives on so small data."""
    monkeypatch.setattr(
        "tastegraph.lightgcn.training.learning_rate", lambda config, done: 1e30 if done >= 0.5 else 0.01
    )
    with pytest.raises(DivergedError, match="last good state is kept") as error:
        run(_recipe(ratings_csv), load(str(ratings_csv)), tmp_path / "run", Silent())
    (kept,) = (tmp_path / "run" / "checkpoints").iterdir()
    assert str(error.value).endswith(str(kept))
    state, _ = load_state(kept)
    assert all(bool(tensor.isfinite().all()) for tensor in state.model.values())
    assert state.epoch == 3


class EndsIn(Silent):
    """Lets an epoch pass, then the disk is full."""

    def __init__(self, limit: Callable[[], None]) -> None:
        self._limit = limit

    def epoch(self, record: Epoch) -> None:
        if record.epoch == 2:
            self._limit()


def test_a_full_disk_is_one_line_and_the_states_before_are_intact(ratings_csv: Path, tmp_path: Path) -> None:
    """The system refuses files longer than 3,000 bytes from the second epoch on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    watcher = EndsIn(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, hard)))
    try:
        with pytest.raises(TasteGraphError, match=os.strerror(errno.EFBIG).lower()) as error:
            run(
                _recipe(ratings_csv), load(str(ratings_csv)), tmp_path / "run", watcher,
                keeping=Keeping(Often(minutes=0, epochs=1)),
            )  # fmt: skip
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "go on with: tastegraph train --resume" in str(error.value)
    assert "\n" not in str(error.value)
    resume(tmp_path / "run", _prepare, Silent())
    run(_recipe(ratings_csv), load(str(ratings_csv)), tmp_path / "one", Silent())
    assert _outcome(tmp_path / "run") == _outcome(tmp_path / "one")


@pytest.mark.parametrize("way", ["faults", "forced", "kills"])
def test_killed_runs_lose_nothing(way: str) -> None:
    """A short set; `make torture` runs all."""
    script = Path(__file__).with_name("torture.py")
    done = subprocess.run([sys.executable, script, way, "4"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("4 ")
    assert done.stdout.endswith(" 0 lost or changed anything\n")


@pytest.mark.parametrize(("moved", "error"), [(1, OSError), (2, KeyboardInterrupt), (6, OSError), (99, OSError)])
def test_a_run_that_is_taking_its_place_is_never_torn(
    ratings_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved: int, error: type[BaseException]
) -> None:
    """Whatever interrupts the last renames of a replacement, the new run is all there, and --resume finishes them."""
    out = tmp_path / "run"
    small = ["baselines=[]"]
    run(_recipe(ratings_csv, *small), load(str(ratings_csv)), out, Silent())
    run(_recipe(ratings_csv, "training.seed=1", *small), load(str(ratings_csv)), tmp_path / "one", Silent())
    rename, count = Path.rename, 0

    def interrupted(path: Path, target: Path) -> Path:
        nonlocal count
        if path.parent.name == "run.unfinished":
            count += 1
            if count == moved:
                raise error
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", interrupted)
        again = _recipe(ratings_csv, "training.seed=1", *small)
        if moved < 99:
            with pytest.raises((error, RunError)):
                run(again, load(str(ratings_csv)), out, Silent(), force=True)
            with pytest.raises(RunError, match="go on with it by --resume"):
                run(again, load(str(ratings_csv)), out, Silent(), force=moved > 1)
        else:
            run(again, load(str(ratings_csv)), out, Silent(), force=True)
    done = subprocess.run(
        [sys.executable, "-m", "tastegraph", "train", "--resume", str(out), "--json"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert _outcome(out) == _outcome(tmp_path / "one")
    check_seal(out)
    assert not out.with_name("run.unfinished").exists()


def test_a_folder_beside_that_is_none_of_ours_is_left_alone(ratings_csv: Path, tmp_path: Path) -> None:
    run(_recipe(ratings_csv, "baselines=[]"), load(str(ratings_csv)), tmp_path / "run", Silent())
    thesis = tmp_path / "run.unfinished" / "thesis.txt"
    thesis.parent.mkdir()
    thesis.write_text("precious")
    with pytest.raises(RunError, match=r"run\.unfinished: holds files that are no run"):
        run(_recipe(ratings_csv), load(str(ratings_csv)), tmp_path / "run", Silent(), force=True)
    assert thesis.read_text() == "precious"


def test_what_a_killed_write_has_left_is_swept_and_in_nobodys_way(ratings_csv: Path, tmp_path: Path) -> None:
    _begin(ratings_csv, tmp_path / "run", 5, "baselines=[]")
    for litter in (".report.html.bu0y_0ub", "checkpoints/.best.safetensors.abcdefgh"):
        (tmp_path / "run" / litter).write_text("half a fi")
    resume(tmp_path / "run", _prepare, Silent())
    assert not list((tmp_path / "run").rglob(".*"))
    (tmp_path / "run" / ".result.json.abc0_def").write_text("{")
    run(_recipe(ratings_csv, "baselines=[]"), load(str(ratings_csv)), tmp_path / "run", Silent(), force=True)
    check_seal(tmp_path / "run")


def test_a_finished_run_refuses_other_settings_too(ratings_csv: Path, tmp_path: Path) -> None:
    run(_recipe(ratings_csv, "baselines=[]"), load(str(ratings_csv)), tmp_path / "run", Silent())
    with pytest.raises(RunError, match=r"training\.epochs was 4, now 9"):
        resume(tmp_path / "run", _prepare, Silent(), wanted=_recipe(ratings_csv, "baselines=[]", "training.epochs=9"))
