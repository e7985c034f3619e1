"""What the benchmarks share: running a command on one core, and saying where it ran.

Only the standard library is imported: the measuring process stays small, so that the peak memory
that the kernel reports of a child is the child's own (a child starts out with its parent's peak).
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGES = ("prosopon", "numpy", "onnxruntime", "opencv-python-headless", "av", "pyarrow")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that ran to its end: wall seconds from its start, peak memory, what it printed."""

    seconds: float
    peak_mb: float
    stdout: str

    def last_json(self) -> dict[str, Any]:
        """The JSON object on the last line printed."""
        result: dict[str, Any] = json.loads(self.stdout.strip().splitlines()[-1])
        return result


def run_pinned(command: Sequence[str], core: int | None = None) -> Finished:
    """Run ``command`` on one core with one thread a library; exits with its output if it fails.

    core: CPU number, or None for no pinning.
    """
    environment = os.environ | dict.fromkeys(THREAD_VARIABLES, "1")

    def pin() -> None:
        if core is not None:
            os.sched_setaffinity(0, {core})

    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            list(command), stdout=output, stderr=errors, env=environment, preexec_fn=pin
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            sys.exit(
                f"{' '.join(command)}\nended with {process.returncode}:\n{errors.read().decode()}"
            )
        return Finished(seconds, usage.ru_maxrss / 1024, output.read().decode())


def last_core() -> int:
    """The highest CPU that this process may use: the first ones serve interrupts more often."""
    return max(os.sched_getaffinity(0))


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least and greatest of ``values``."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def provenance() -> dict[str, Any]:
    """Machine, versions, commit, date and load: what a figure needs beside it."""
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": _versions(),
        "commit": _git("rev-parse", "--short=12", "HEAD"),
        "uncommitted_changes": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "load_at_start": round(os.getloadavg()[0], 2),
    }


def describe(where: dict[str, Any]) -> str:
    """One line of :func:`provenance` for the terminal."""
    packages = ", ".join(f"{name} {version}" for name, version in where["packages"].items())
    dirty = " + changes" if where["uncommitted_changes"] else ""
    return (
        f"{where['cpu']}, {where['cores']} cores, load {where['load_at_start']}; "
        f"python {where['python']}, {packages}; commit {where['commit']}{dirty}"
    )


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns, ready for the README."""
    grid = [list(headings), *map(list, rows)]
    widths = [max(len(row[i]) for row in grid) for i in range(len(headings))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in grid
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def write_json(path: Path | None, content: dict[str, Any]) -> None:
    """Write ``content`` to ``path`` where one was asked for."""
    if path:
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        print(f"written: {path}")


def _cpu_model() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _versions() -> dict[str, str]:
    from importlib import metadata

    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(REPOSITORY), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout.strip()
