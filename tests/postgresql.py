"""A PostgreSQL server of the tests' own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["running_server"]


@contextmanager
def running_server() -> Iterator[str]:
    """The URL of an empty database on a server that is started here; the test is skipped where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = Path(shutil.which("initdb") or (found[-1] if found else ""))
    if not initdb.is_file():
        pytest.skip("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
    # The server refuses to run as root; Debian's package brings a user along.
    as_whom = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o777)
        data = Path(scratch) / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        make = [*as_whom, str(initdb), "-D", str(data), "-U", "tastegraph", "-A", "trust", "--no-sync"]
        subprocess.run(make, check=True, capture_output=True, cwd=scratch)
        control = [*as_whom, str(initdb.with_name("pg_ctl")), "-D", str(data), "-w"]
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {scratch}"
        log = f"{scratch}/log"
        subprocess.run([*control, "-l", log, "-o", options, "start"], check=True, capture_output=True, cwd=scratch)
        try:
            yield f"postgresql://tastegraph@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd=scratch)
