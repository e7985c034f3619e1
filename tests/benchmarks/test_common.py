"""The benchmarks' own arithmetic: pinned commands, spreads, tables."""

from __future__ import annotations

import os
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
    small = common.run_pinned([sys.executable, "-c", ""])
    large = common.run_pinned([sys.executable, "-c", "bytearray(b'x') * 64_000_000"])
    assert large.peak_mb - small.peak_mb == pytest.approx(61, abs=6)


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
