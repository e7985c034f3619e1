"""What a measurement was made on and with: machine, versions, commit, peak memory."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from functools import cache
from pathlib import Path

from prosopon import __version__
from prosopon.writers.sidecar import software_versions


def versions() -> dict[str, str]:
    """Versions of this package and of what its results and speed depend on."""
    found = software_versions() | {"prosopon": __version__, "python": platform.python_version()}
    revision = commit()
    return found | ({"commit": revision} if revision else {})


@cache
def commit() -> str | None:
    """Commit of the checkout that this package runs from; None when it is installed."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists() or not (root / "pyproject.toml").is_file():
        return None
    try:
        command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--exclude=*"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def processor() -> str:
    """Model of the processor and the number of its cores that may be used."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        named = (line for line in info.read_text().splitlines() if line.startswith("model name"))
        model = next(named, model).partition(":")[2].strip() or model
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, {platform.system()}"


def peak_memory_mb() -> float | None:
    """Largest resident memory of this process so far, MB (10⁶ bytes); None where it is not told."""
    status = Path("/proc/self/status")
    if status.is_file():
        # Not getrusage: its maximum outlives exec, so that a large parent would be counted.
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return None
