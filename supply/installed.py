"""The wheel as somebody meets it who installs it: an empty environment, an empty folder, nothing of the checkout.

`python -m supply.installed WHEEL CONSTRAINTS` installs it, gets MovieLens 100K, trains, asks for a list and serves the
run (`make wheel`); it ends with exit code 1 at the first thing that is not so.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import urllib.request
import venv
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EXTRA_NAMED = 'pip install "tastegraph[serve]"'
LISTED = re.compile(r"^ *(\d+)   .+ \d{4} ", re.MULTILINE)
READY_SECONDS = 60


class Newcomer:
    """An environment and a folder of their own, and no setting of TasteGraph or Python from outside.

    Args:
        place: an empty folder.
        constraints: versions that pip keeps to.
    """

    def __init__(self, place: Path, constraints: Path) -> None:
        self.constraints = constraints
        self.folder = place / "folder"
        self.folder.mkdir()
        self.bin = place / "environment" / "bin"
        venv.create(self.bin.parent, with_pip=True)
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("TASTEGRAPH", "PYTHON"))}
        self.environment = kept | {"TASTEGRAPH_CACHE": str(place / "cache"), "PYTHONUNBUFFERED": "1"}

    def install(self, what: str) -> None:
        """By pip, as any requirement."""
        command = ["-m", "pip", "install", "--quiet", "--constraint", str(self.constraints), what]
        subprocess.run([self.bin / "python", *command], cwd=self.folder, env=self.environment, check=True)  # noqa: S603 (no shell)

    def type(self, *words: str, code: int = 0) -> str:
        """What `tastegraph WORDS` prints; SystemExit where its exit code is not the one."""
        done = subprocess.run(  # noqa: S603 (no shell)
            [self.bin / "tastegraph", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        print(f"tastegraph {' '.join(words)}: {done.returncode}")
        expect(done.returncode == code, said)
        return said

    @contextmanager
    def serving(self, run: str) -> Iterator[str]:
        """The address at which a run is served, at any free port."""
        process = subprocess.Popen(  # noqa: S603 (no shell)
            [self.bin / "tastegraph", "serve", run, "--port", "0"],
            cwd=self.folder, env=self.environment, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None  # noqa: S101 (a pipe)
        try:
            said = ""
            for line in process.stderr:
                said += line
                if found := re.search(r"http://[\w.]+:\d+", line):
                    yield found.group()
                    break
            else:
                expect(holds=False, said=said)
        finally:
            process.terminate()
            process.wait()


def expect(holds: bool, said: str) -> None:
    """End the check where a condition does not hold."""
    if not holds:
        sys.exit(f"not as it should be:\n{said}")


def check(wheel: Path, newcomer: Newcomer) -> None:
    """Install, train, ask, and serve."""
    newcomer.install(str(wheel))
    expect("quickstart" in newcomer.type("--help"), "no quickstart in --help")
    said = newcomer.type("quickstart")
    expect("LightGCN is ahead of Popularity" in said and len(LISTED.findall(said)) >= 10, said)
    said = newcomer.type("recommend", "runs/quickstart", "--user", "7")
    expect([int(rank) for rank in LISTED.findall(said)] == list(range(1, 11)), said)
    newcomer.type("train", "ml-100k", "--recipe", "ml-100k", "--set", "training.epochs=1", "--out", "runs/by-recipe")
    said = newcomer.type("serve", "runs/quickstart", code=1)
    expect(EXTRA_NAMED in said, said)
    newcomer.install(f"{wheel}[serve]")
    with newcomer.serving("runs/quickstart") as address:
        for path in ("/ready", "/", "/api/v1/users/7/recommendations"):
            with urllib.request.urlopen(address + path, timeout=READY_SECONDS) as answer:  # noqa: S310 (loopback)
                print(f"GET {path}: {answer.status}")
                expect(bool(answer.read()), f"{path}: empty")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="tastegraph-wheel-") as empty:
        check(Path(sys.argv[1]).resolve(), Newcomer(Path(empty), Path(sys.argv[2]).resolve()))
