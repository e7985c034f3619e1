"""prosopon.machine: what a measurement was made on."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from prosopon import __version__, machine


def test_versions_name_what_decides_the_results():
    found = machine.versions()
    assert found["prosopon"] == __version__
    assert {"python", "onnxruntime", "opencv"} <= set(found)


def test_no_commit_without_git(monkeypatch: pytest.MonkeyPatch):
    def absent(*_: object, **__: object) -> None:
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", absent)
    machine.commit.cache_clear()
    assert machine.commit() is None
    assert "commit" not in machine.versions()
    machine.commit.cache_clear()


def test_processor_is_named():
    assert "cores" in machine.processor()


@pytest.mark.skipif(sys.platform == "win32", reason="not told there")
def test_peak_memory_remembers_what_was_freed():
    before = machine.peak_memory_mb()
    np.ones(50_000_000, np.uint8)
    after = machine.peak_memory_mb()
    assert before is not None
    assert after is not None
    assert before <= after
    assert 20 < after < 10_000
