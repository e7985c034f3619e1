"""What decoding ahead and writing behind gain, on one core and on two, in the same run.

    python benchmarks/overlap.py CLIP [--runs 7] [--formats csv parquet] [--json FILE]

``prosopon analyze`` uses threads for both only where it may use a second core. Here each number of
cores is measured with and without, in turns, so that a slower spell of the machine meets all. The
processor time a frame hardly depends on what else the machine does; the rest of the line does.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import describe, provenance, spread, table, write_json

from prosopon import overlap
from prosopon.inputs import Job
from prosopon.pipeline import Analyzer
from prosopon.runner import analyze_input

AVAILABLE = sorted(os.sched_getaffinity(0))


@dataclass(slots=True)
class Case:
    """Cores, whether threads decode and write, and what the passes took."""

    cores: int
    side_by_side: bool
    rates: list[float] = field(default_factory=list)  # frames/s
    processor_ms: list[float] = field(default_factory=list)  # a frame

    def run(self, analyzer: Analyzer, clip: Path, formats: list[str]) -> None:
        """One more pass: decode, analyse, write."""
        os.sched_setaffinity(0, AVAILABLE[-self.cores :])
        overlap.usable_cores = lambda: 1 + self.side_by_side
        with tempfile.TemporaryDirectory() as folder:
            started, used = time.perf_counter(), time.process_time()
            job = Job(str(clip), clip.name, "clip")
            frames = analyze_input(analyzer, job, Path(folder), formats, quiet=True).frames
            self.rates.append(frames / (time.perf_counter() - started))
            self.processor_ms.append(1e3 * (time.process_time() - used) / frames)

    def summary(self) -> dict[str, Any]:
        """Medians and spreads; the first pass warmed up."""
        return {
            "cores": self.cores,
            "side_by_side": self.side_by_side,
            "frames_per_second": spread(self.rates[1:]),
            "processor_ms": spread(self.processor_ms[1:]),
        }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--formats", nargs="+", default=["csv"])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    where = provenance()
    print(describe(where))
    analyzer = Analyzer()
    cases = [Case(n, side) for n in (1, 2) if n <= len(AVAILABLE) for side in (False, True)]
    for _ in range(options.runs + 1):
        for case in cases:
            case.run(analyzer, options.clip, options.formats)
    results = [case.summary() for case in cases]
    rows = []
    for i, result in enumerate(results):
        rate, used = result["frames_per_second"], result["processor_ms"]
        alone = results[i // 2 * 2]["frames_per_second"]
        rows.append(
            [
                str(result["cores"]),
                "threads" if result["side_by_side"] else "in turn",
                f"{rate['median']:.0f} ({rate['min']:.0f} to {rate['max']:.0f})",
                f"{rate['median'] / alone['median']:.2f}",
                f"{used['median']:.2f} ({used['min']:.2f} to {used['max']:.2f})",
            ]
        )
    headings = ["cores", "decode and write", "frames/s, median (range)", "ratio", "processor ms"]
    print(table(headings, rows))
    write_json(options.json, {"where": where, "clip": options.clip.name, "results": results})


if __name__ == "__main__":
    main()
