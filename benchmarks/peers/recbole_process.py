"""RecBole's LightGCN, in an environment of its own: it needs older NumPy, SciPy and pandas than we do."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from platformdirs import user_cache_path

if TYPE_CHECKING:
    from tastegraph.graph.bipartite import BipartiteGraph

__all__ = ["Recbole", "RecboleError"]

# RecBole 1.2.1 writes to private parts of SciPy's dictionary matrix and to pandas columns in place: hence the bounds.
REQUIREMENTS = ("recbole==1.2.1", "numpy<2", "scipy<1.13", "pandas<3", "setuptools<81")
INSTALL_SECONDS = 900
RUN_SECONDS = 1800
SCRIPT = Path(__file__).with_name("recbole_steps.py")


class RecboleError(RuntimeError):
    """RecBole cannot be installed or run; the message is one line."""


@dataclass(frozen=True)
class Recbole:
    """Where RecBole's own Python is."""

    python: Path

    @classmethod
    def prepare(cls) -> Recbole:
        """Make its environment in the user's cache, or find it there.

        Raises:
            RecboleError: it cannot be installed.
        """
        version = torch.__version__.partition("+")[0]
        folder = user_cache_path("tastegraph") / "benchmarks" / f"recbole-torch-{version}"
        python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        ready = folder / "ready"
        if not ready.exists():
            venv.create(folder, with_pip=True, clear=True)
            pip = [str(python), "-m", "pip", "install", "--quiet", f"torch=={version}"]
            _run(pip, "installing torch", INSTALL_SECONDS)
            _run([*pip, *REQUIREMENTS], "installing RecBole", INSTALL_SECONDS)
            ready.touch()
        return cls(python)

    def step_seconds(self, graph: BipartiteGraph, batch_size: int, steps: int) -> tuple[list[float], int]:
        """Seconds of each of the first `steps` steps, sampling included, and the number of steps of an epoch.

        Raises:
            RecboleError: it does not run.
        """
        with tempfile.TemporaryDirectory() as folder:
            _write_interactions(graph, Path(folder) / "pairs" / "pairs.inter")
            command = [str(self.python), "-W", "ignore", str(SCRIPT), folder, str(batch_size), str(steps)]
            out = _run([*command, str(torch.get_num_threads())], "running RecBole", RUN_SECONDS, folder)
        answer = json.loads(out.strip().splitlines()[-1])
        return answer["step_seconds"], answer["steps"]


def _write_interactions(graph: BipartiteGraph, path: Path) -> None:
    """The pairs as RecBole reads them: a header with types, tab-separated ids."""
    user = np.repeat(np.arange(graph.num_users), graph.items_of.counts)
    path.parent.mkdir(parents=True)
    pairs = np.stack([user, graph.items_of.index], axis=1)
    np.savetxt(path, pairs, fmt="%d", delimiter="\t", header="user_id:token\titem_id:token", comments="")


def _run(command: list[str], doing: str, seconds: int, folder: str | None = None) -> str:
    """Standard output of a command that succeeds."""
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds, cwd=folder)
    except subprocess.CalledProcessError as error:
        last = (error.stderr or "").strip().splitlines()[-1:] or ["no message"]
        raise RecboleError(f"{doing} failed: {last[0]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RecboleError(f"{doing} failed: {error.__class__.__name__}") from error
    return done.stdout
