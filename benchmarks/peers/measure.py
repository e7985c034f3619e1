"""What every contender prints: one JSON object on its last line. Standard library only."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable
from pathlib import Path


def peak_memory_mb() -> float:
    """Greatest resident memory of this process so far, in MB of 1024² bytes."""
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_passes(
    one_pass: Callable[[], dict[str, int]], passes: int, versions: dict[str, str]
) -> None:
    """Run ``one_pass`` over the clip ``passes`` times and print the measurement.

    one_pass: returns counts, "frames" and "frames_with_face" among them.
    versions: of the packages that did the work, by name.
    """
    seconds = []
    for _ in range(passes):
        start = time.perf_counter()
        counts = one_pass()
        seconds.append(time.perf_counter() - start)
    print(
        json.dumps(
            {
                "pass_seconds": seconds,
                "peak_mb": peak_memory_mb(),
                "versions": versions,
                **counts,
            }
        )
    )
