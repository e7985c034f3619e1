"""The benchmarks' own arithmetic: pinned commands, spreads, tables."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

if not hasattr(os, "sched_setaffinity"):
    pytest.skip("the benchmarks pin processes to a core, as Linux can", allow_module_level=True)

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import common


def test_a_command_runs_on_the_core_it_is_given():
    core = common.last_core()
    program = "import json, os; print('hello'); print(json.dumps(sorted(os.sched_getaffinity(0))))"
    finished = common.run_pinned([sys.executable, "-c", program], core)
    assert finished.last_json() == [core]
    assert finished.seconds > 0


def test_peak_memory_is_that_of_the_command():
    # From a small process, as the benchmarks are: a child's peak starts at its parent's size.
    program = """
import sys
from common import run_pinned
programs = ("", "bytearray(b'x') * (64 << 20)")
small, large = (run_pinned([sys.executable, "-c", text]).peak_mb for text in programs)
print(large - small)
"""
    folder = Path(common.__file__).parent
    printed = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True
    ).stdout
    assert float(printed) == pytest.approx(64, abs=6)


def test_a_command_that_fails_ends_the_benchmark_with_its_words():
    with pytest.raises(SystemExit, match="no luck"):
        common.run_pinned([sys.executable, "-c", "import sys; sys.exit('no luck')"])


def test_spread():
    assert common.spread([3.0, 1.0, 2.0]) == {"median": 2.0, "min": 1.0, "max": 3.0}


def test_table_is_aligned_markdown():
    assert common.table(["a", "bc"], [["ddd", "e"]]).splitlines() == [
        "| a   | bc |",
        "| --- | -- |",
        "| ddd | e  |",
    ]


def test_provenance_names_machine_and_versions():
    where = common.provenance()
    assert where["cpu"]
    assert where["packages"]["numpy"][0].isdigit()
    assert where["cpu"] in common.describe(where)
