"""The systemd unit and the container file start what they say they start."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
from configparser import ConfigParser
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tastegraph.saved_model import SavedModel

from .conftest import start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Served

DEPLOY = Path(__file__).parents[3] / "deploy"
UNIT, CONTAINER = DEPLOY / "tastegraph.service", DEPLOY / "Containerfile"
PROGRAM, STATE = "/opt/tastegraph/bin/tastegraph", "/var/lib/tastegraph"


def unit() -> ConfigParser:
    parsed = ConfigParser(interpolation=None)
    parsed.optionxform = str  # type: ignore[method-assign,assignment]
    parsed.read(UNIT, encoding="utf-8")
    return parsed


def instruction(name: str) -> list[str]:
    """The words of an instruction of the container file that is written as JSON."""
    found = re.search(rf"^{name} .*?(\[.*\])$", CONTAINER.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    words: list[str] = json.loads(found[1])
    return words


@pytest.fixture
def started() -> Iterator[list[Served]]:
    """Services that end with the test."""
    services: list[Served] = []
    yield services
    for service in services:
        service.end(signal.SIGKILL)


def test_systemd_finds_no_fault_in_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze is installed (Debian: apt-get install systemd)")
    there = UNIT.read_text(encoding="utf-8").replace(PROGRAM, "/bin/true")
    (tmp_path / UNIT.name).write_text(there, encoding="utf-8")
    verify = ["systemd-analyze", "verify", str(tmp_path / UNIT.name)]
    done = subprocess.run(verify, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_units_commands_start_reload_and_end(trained: Path, tmp_path: Path, started: list[Served]) -> None:
    shutil.copytree(trained, tmp_path / "runs" / "one")
    shutil.copytree(trained, tmp_path / "runs" / "two")
    model = SavedModel.load(trained / "model")
    replace(model, e_items=-model.e_items).save(tmp_path / "runs" / "two" / "model")
    current = tmp_path / "runs" / "current"
    current.symlink_to("one")
    service = unit()["Service"]
    program, serve, *words = shlex.split(service["ExecStart"])
    assert (program, serve) == (PROGRAM, "serve")
    started.append(start(*(word.replace(STATE, str(tmp_path)) for word in words)))
    with started[0].client() as client:
        first = client.get("/ready").json()["model"]
        current.unlink()
        current.symlink_to("two")
        reload = service["ExecReload"].replace("$MAINPID", str(started[0].process.pid))
        subprocess.run(shlex.split(reload), check=True)
        while client.get("/ready").json()["model"] == first:
            assert started[0].process.poll() is None
            signal.sigtimedwait([], 0.1)
    assert (tmp_path / "feedback.db").exists()
    assert started[0].end(signal.SIGTERM) == 0  # what systemd sends
    assert int(service["TimeoutStopSec"]) > 10  # requests under way have ten seconds


def test_the_containers_commands_start_and_are_found_healthy(
    trained: Path, tmp_path: Path, started: list[Served]
) -> None:
    shutil.copytree(trained, tmp_path / "run")
    program, serve, *words = instruction("ENTRYPOINT")
    assert (program, serve) == ("tastegraph", "serve")
    inside = {"/run-directory": str(tmp_path / "run"), "/state": str(tmp_path)}
    for place, here in inside.items():
        words = [word.replace(place, here) for word in words]
    started.append(start(*words))
    python, *check = instruction("HEALTHCHECK")
    assert python == "python"
    asked = [word.replace("http://127.0.0.1:8000", started[0].url) for word in check]
    assert asked != check
    assert subprocess.run([sys.executable, *asked], check=False, capture_output=True, timeout=30).returncode == 0
    assert "access token, shown this once" in "".join(started[0].said)
    assert started[0].end(signal.SIGTERM) == 0
    assert subprocess.run([sys.executable, *asked], check=False, capture_output=True, timeout=30).returncode != 0


def test_every_file_that_the_image_copies_is_there() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", CONTAINER.read_text(encoding="utf-8"), re.MULTILINE)
    assert copied
    for name in " ".join(copied).split():
        assert (DEPLOY.parent / name).exists(), name
