"""What the pages know of the pack is what the pack says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).parents[2] / "web"


def test_generated_file_is_current():
    command = [sys.executable, str(WEB / "constants.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_lock_file_names_no_addresses():
    assert '"resolved"' not in (WEB / "package-lock.json").read_text(encoding="utf-8")
