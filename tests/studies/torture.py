"""Kills a run at every moment that could hurt, goes on with it, and compares what comes out with a run left in peace.

`python tests/studies/torture.py faults [N]`: SIGKILL inside every write, sync and rename, or inside N of them.
`python tests/studies/torture.py forced [N]`: the same of runs that replace a finished one, whole until then.
`python tests/studies/torture.py kills [N]`: SIGKILL at N random moments (30).

Everything is imported once, and each run is a fork of that: a run is then a fraction of a second.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from tastegraph.data.load import load
from tastegraph.errors import RunError
from tastegraph.lightgcn import sealed
from tastegraph.studies.checkpoints import Often
from tastegraph.studies.recipe import Recipe, load_recipe
from tastegraph.studies.run import Keeping, Prepared, resume, run
from tastegraph.studies.seal import check_seal
from tastegraph.studies.trial import Trial
from tastegraph.studies.watcher import Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SETTINGS = [
    "training.epochs=3",
    "training.batch_size=256",
    "training.negatives=hardest",
    "model.embedding_dim=8",
    "model.alpha=learned",
    'baselines=["mf","popularity"]',
    "evaluation.k=[5]",
    "evaluation.select=ndcg@5",
]
KEEPING = Keeping(Often(minutes=1e-9))  # after every step
FORMER = "training.seed=9"  # of the run that a forced one replaces


def make_data(folder: Path) -> Path:
    """A published split of 60 users with two tastes among 40 items."""
    rng = np.random.default_rng(7)
    folder.mkdir()
    lines: dict[str, list[str]] = {"train.txt": [], "test.txt": []}
    for user in range(60):
        own = rng.permutation(np.arange(20) + 20 * (user % 2))[:12]
        lines["train.txt"].append(" ".join(map(str, [user, *own[:9]])))
        lines["test.txt"].append(" ".join(map(str, [user, *own[9:]])))
    for name, rows in lines.items():
        (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def prepared(recipe: Recipe) -> Prepared:
    """What a recipe names, loaded and split."""
    dataset = load(recipe.data.source)
    return Prepared(dataset, Trial.of(dataset, recipe))


def train(data: Path, out: Path, *settings: str, force: bool = False) -> None:
    """A run from its beginning."""
    recipe = load_recipe(None, [*SETTINGS, *settings], str(data))
    run(recipe, load(str(data)), out, Silent(), keeping=KEEPING, force=force)


def finish(data: Path, out: Path) -> None:
    """Go on with a run, or begin it where the kill left none."""
    try:
        resume(out, prepared, Silent(), keeping=KEEPING)
    except RunError as error:
        if "no such file" not in str(error):
            raise
        train(data, out)


def finish_forced(data: Path, out: Path) -> None:
    """The same of a run that is to replace another."""
    if resume(out, prepared, Silent(), keeping=KEEPING) is None and _seed_of(out) == 9:
        train(data, out, force=True)


def _seed_of(out: Path) -> int:
    return load_recipe(out / "recipe.toml").training.seed


def outcome(out: Path) -> dict[str, Any]:
    """All that a run came to, but for times."""
    check_seal(out)
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    epochs = [json.loads(line) for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    left = {path.name for path in out.parent.iterdir() if path.name.startswith(f"{out.name}.")}
    return {
        "metrics": result["metrics"],
        "baselines": {name: part["metrics"] for name, part in result["baselines"].items()},
        "epochs": [{key: value for key, value in epoch.items() if key != "seconds"} for epoch in epochs],
        "files": {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*.safetensors"))},
        "left beside it": left,
    }


def forked(work: Callable[[], object]) -> int:
    """Do some work in a fork; its exit status as `os.waitpid` tells it."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 (a fork must not come back)
            _tell(f"{type(error).__name__}: {error}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


class Fault:
    """Counts what touches the disk, and kills the process in the middle of the one of a number."""

    def __init__(self, at: int, tally: Path) -> None:
        self._at, self._tally, self._count = at, tally, 0

    def install(self) -> None:
        """Stand in front of everything that writes, syncs, renames or removes."""
        for name in ("fsync", "replace", "rename", "unlink", "mkdir"):
            setattr(os, name, self._around(getattr(os, name), lambda *_: None))
        setattr(sealed, "save_file", self._around(getattr(sealed, "save_file"), _half_a_file))  # noqa: B009, B010
        Path.write_text = self._around(Path.write_text, _half_a_text)  # type: ignore[method-assign]

    def _around(self, done: Callable[..., Any], half: Callable[..., None]) -> Callable[..., Any]:
        def watched(*args: Any, **keys: Any) -> Any:
            self._count += 1
            self._tally.open("a").write(".")
            if self._count == self._at:
                half(*args)
                os.kill(os.getpid(), signal.SIGKILL)
            return done(*args, **keys)

        return watched


def _tell(line: str, file: TextIO | None = None) -> None:
    (file or sys.stdout).write(f"{line}\n")
    (file or sys.stdout).flush()


def _half_a_file(_: object, path: Path, *__: object) -> None:
    with open(path, "wb") as file:  # noqa: PTH123 (Path's own may be watched)
        file.write(b"\x40\0\0\0\0\0\0\0{")


def _half_a_text(path: Path, text: str, *_: object) -> None:
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text[: len(text) // 2])


def _with_fault(at: int, tally: Path, work: Callable[[], object]) -> int:
    def faulty() -> None:
        Fault(at, tally).install()
        work()

    return forked(faulty)


def faults(number: int | None, *, forced: bool = False) -> int:
    """SIGKILL inside writes; how many of them lost or changed anything."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        data = make_data(place / "data")
        forked(lambda: train(data, place / "peace"))
        forked(lambda: train(data, place / "former", FORMER))
        expected = outcome(place / "peace")
        tally = place / "tally"

        def hurt(at: int, out: Path) -> int:
            if forced:
                shutil.copytree(place / "former", out)
            status = _with_fault(at, tally, lambda: train(data, out, force=forced))
            if forced and not (out.with_name(f"{out.name}.unfinished") / "result.json").exists():
                check_seal(out)
            return status

        hurt(0, place / "counted")
        points = range(1, tally.stat().st_size + 1)
        chosen = points if number is None else sorted(random.Random(0).sample(points, number))
        return _judge(
            "fault", expected, chosen, place, hurt, lambda out: (finish_forced if forced else finish)(data, out)
        )


def kills(number: int | None) -> int:
    """SIGKILL at random moments; how many of them lost or changed anything."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        data = make_data(place / "data")
        began = time.monotonic()
        forked(lambda: train(data, place / "peace"))
        seconds = time.monotonic() - began
        expected = outcome(place / "peace")
        draws = random.Random(time.time_ns())

        def killed(_: int, out: Path) -> int:
            """One that was finished before does not count: another takes its place."""
            latest = 0.95 * seconds
            while True:
                child = os.fork()
                if child == 0:
                    with contextlib.suppress(BaseException):
                        train(data, out)
                    os._exit(0)
                time.sleep(draws.uniform(0.1 * latest, latest))
                os.kill(child, signal.SIGKILL)
                status = os.waitpid(child, 0)[1]
                if os.WIFSIGNALED(status):
                    return status
                shutil.rmtree(out)
                latest *= 0.9

        return _judge("kill", expected, range(1, (number or 30) + 1), place, killed, lambda out: finish(data, out))


def _judge(
    what: str,
    expected: dict[str, Any],
    points: Sequence[int],
    place: Path,
    hurt: Callable[[int, Path], int],
    go_on: Callable[[Path], None],
) -> int:
    bad = died = 0
    for point in points:
        out = place / f"{what}-{point}"
        died += os.WIFSIGNALED(hurt(point, out))
        status = forked(partial(go_on, out))
        same = status == 0 and outcome(out) == expected
        bad += not same
        if not same:
            _tell(f"{what} {point}: the run that was gone on with came to something else (status {status})")
    _tell(f"{len(points)} {what}s, {died} in time, {bad} lost or changed anything")
    return bad


if __name__ == "__main__":
    ways: dict[str, Callable[[int | None], int]] = {
        "faults": faults,
        "forced": partial(faults, forced=True),
        "kills": kills,
    }
    sys.exit(min(1, ways[sys.argv[1]](int(sys.argv[2]) if len(sys.argv) > 2 else None)))
