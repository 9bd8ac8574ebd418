"""The table and the progress bar on a real terminal of 80 columns."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def _in_terminal(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """What a command shows on a terminal of 24 lines and 80 columns."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=follower, stdout=follower, stderr=follower
    ) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                block = os.read(leader, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
            if not block:
                break
            shown += block
    os.close(leader)
    assert process.returncode == 0, shown.decode()
    return shown.decode()


def test_nothing_is_cut_in_80_columns(installed: Path, ratings_csv: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES", "CI"}}
    environment |= {"PYTHONPATH": str(installed), "TERM": "xterm-256color"}
    settings = ["--set", "training.epochs=60", "--set", "training.batch_size=64"]
    command = [sys.executable, "-m", "tastegraph", "train", str(ratings_csv), *settings, "--out", "run"]
    shown = _in_terminal(command, tmp_path, environment)
    for words in ("LightGCN", "Popularity", "MF (K = 0)", "ndcg@10", "recall@20", "training", "left"):
        assert words in shown
    assert "\N{HORIZONTAL ELLIPSIS}" not in shown
