"""Requests made up from the OpenAPI description: no answer is a fault of the service, none is undocumented."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
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


@pytest.mark.parametrize("way", ["anonymous", "account"])
def test_made_up_requests(served: Served, way: str, tmp_path: object) -> None:
    headers = []
    if way == "account":
        with served.client() as client:
            headers = ["--header", f"Tastegraph-Account: {client.post('/api/v1/accounts').json()['token']}"]
    only = ["--include-path-regex", "/account/"] if way == "account" else []
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "run", f"{served.url}/openapi.json", "--checks", CHECKS,
            "--max-examples", EXAMPLES, "--seed", "1", "--phases", "examples,coverage,fuzzing", *headers, *only,
        ],
        capture_output=True, text=True, check=False, cwd=str(tmp_path), timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
    with served.client() as client:
        assert client.get("/health").status_code == 200
