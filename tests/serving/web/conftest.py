"""A small run, trained as a user would, and real processes that serve it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

USERS, FILMS = 60, 40
GENRES = ("Drama", "Comedy", "Sci-Fi", "Horror")
TITLES = {
    0: "Matrix, The", 1: "Alien", 2: "Amélie", 3: "Rock, The", 4: "Toy Story", 5: "Toy Story 2",
    6: "<img src=x onerror=alert(1)>", 7: "Robert'); DROP TABLE feedback;--", 8: "Blade Runner",
    9: "2001: A Space Odyssey",
}  # fmt: skip


def write_ratings(folder: Path, seed: int = 7) -> None:
    """Two tastes: users of even number like the first half of the films, the others the second half."""
    rng = np.random.default_rng(seed)
    ratings = ["user,item,rating,timestamp"]
    for user in range(USERS):
        liked = rng.choice(20, size=12, replace=False) + 20 * (user % 2)
        other = rng.choice(20, size=3, replace=False) + 20 * (1 - user % 2)
        ratings += [f"{user + 1},{film + 1},5,{1000 + film}" for film in liked]
        ratings += [f"{user + 1},{film + 1},1,{2000 + film}" for film in other]
    (folder / "ratings.csv").write_text("\n".join(ratings) + "\n", encoding="utf-8")
    films = ["item,title,year,genres"]
    for film in range(FILMS):
        genres = f"{GENRES[film // 10]}|{GENRES[film % 4]}" if film % 4 != film // 10 else GENRES[film // 10]
        title = TITLES.get(film, f"Film number {film + 1}")
        films.append(f'{film + 1},"{title}",{1960 + film},{genres}')
    (folder / "films.csv").write_text("\n".join(films) + "\n", encoding="utf-8")


def train(folder: Path, out: Path, *further: str) -> None:
    """Train a run on the ratings in a folder."""
    settings = ["training.epochs=3", "training.batch_size=256", 'baselines=["popularity"]', "model.embedding_dim=16"]
    words = [word for setting in settings for word in ("--set", setting)]
    command = [sys.executable, "-m", "tastegraph", "train", str(folder / "ratings.csv"), "--item-features"]
    subprocess.run(
        [*command, str(folder / "films.csv"), "--out", str(out), "--json", *words, *further],
        check=True, capture_output=True, text=True,
    )  # fmt: skip


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory; not to be changed."""
    folder = tmp_path_factory.mktemp("trained")
    write_ratings(folder)
    train(folder, folder / "run")
    return folder / "run"


@dataclass
class Served:
    """A process that serves, and what it has said on standard error."""

    process: subprocess.Popen[str]
    url: str = ""
    reader: threading.Thread = field(default_factory=threading.Thread)
    said: deque[str] = field(default_factory=lambda: deque(maxlen=2000))

    def client(self, **further: object) -> httpx.Client:
        """A client of its own."""
        return httpx.Client(base_url=self.url, timeout=20, **further)  # type: ignore[arg-type]

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        if self.process.stderr is None or self.process.stderr.closed:
            return self.process.wait(timeout=30)
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=30)
        self.reader.join(timeout=30)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code


def start(*words: str) -> Served:
    """Run `tastegraph serve WORDS` at a free port until it answers."""
    command = [sys.executable, "-m", "tastegraph", "serve", *words, "--port", "0"]
    environment = os.environ | {"COLUMNS": "200"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment)
    served = Served(process)
    assert process.stderr is not None
    for line in process.stderr:
        served.said.append(line)
        if found := re.search(r"http://(\S+?):(\d+)/", line):
            served.url = f"http://127.0.0.1:{found[2]}"
            break
    if not served.url:
        process.wait(timeout=30)
        process.stderr.close()
        raise AssertionError("".join(served.said))
    served.reader = threading.Thread(target=lambda: served.said.extend(process.stderr or ()), daemon=True)
    served.reader.start()
    return served


@pytest.fixture(scope="session")
def served(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service for all tests that leave it as it was; without a rate limit."""
    store = tmp_path_factory.mktemp("feedback") / "feedback.db"
    service = start(str(trained), "--feedback", str(store), "--rate", "0")
    yield service
    assert service.end() == 0


@pytest.fixture(scope="session")
def client(served: Served) -> Iterator[httpx.Client]:
    """Of that service."""
    with served.client() as made:
        yield made


@pytest.fixture
def serving(trained: Path, tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts services of a test's own, from a copy of the run at `tmp_path / "run"`, and ends them."""
    shutil.copytree(trained, tmp_path / "run")
    started: list[Served] = []

    def begin(*words: str) -> Served:
        started.append(start(str(tmp_path / "run"), *words))
        return started[-1]

    yield begin
    for service in started:
        service.end(signal.SIGKILL)
