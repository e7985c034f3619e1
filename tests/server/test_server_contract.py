"""Schemathesis throws what it makes of the OpenAPI document at the application."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra 'server'")

from serving import Client

pytest.importorskip("schemathesis", reason="needs schemathesis")

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance"
EXAMPLES = 12


def test_answers_conform_to_the_document(client: Client, tmp_path: Path):
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{client.url}/openapi.json"),
        *("--checks", f"{CHECKS},response_schema_conformance", "--max-examples", str(EXAMPLES)),
        *("--phases", "examples,coverage,fuzzing", "--generation-deterministic", "--no-color"),
    ]
    # It keeps what it has made in the folder where it runs.
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
