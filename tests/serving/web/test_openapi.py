"""Requests made up from the OpenAPI description: no answer is a fault of the service, none is undocumented."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from .conftest import Served

EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "15")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def test_every_operation_is_documented(client: httpx.Client) -> None:
    description = client.get("/openapi.json").json()
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            assert operation["description"], (method, path)
            assert {"422", "429", "503"} <= set(operation["responses"]), (method, path)


def test_made_up_requests(served: Served, tmp_path: Path) -> None:
    with served.client() as client:
        token = client.post("/api/v1/accounts").json()["token"]
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "run", f"{served.url}/openapi.json", "--checks", CHECKS,
            "--max-examples", EXAMPLES, "--seed", "1", "--phases", "examples,coverage,fuzzing",
            "--header", f"Tastegraph-Account: {token}",
        ],
        capture_output=True, text=True, check=False, cwd=tmp_path, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
    assert "Tested: 19" in done.stdout
    with served.client() as client:
        assert client.get("/health").status_code == 200
