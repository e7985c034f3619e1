"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of development data and media that is not part of the repository."""
    default = Path(__file__).parents[1].parent / "shared"
    folder = Path(os.environ.get("PROSOPON_SHARED", default))
    if not (folder / "media").is_dir():
        pytest.skip(f"no development data at {folder}; set PROSOPON_SHARED")
    return folder
