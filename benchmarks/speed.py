"""Frames per second and peak memory over a clip, one core, beside MediaPipe in the same run.

    python benchmarks/speed.py CLIP [--runs 7] [--json FILE]
        [--mediapipe-python /path/to/python [--task face_landmarker.task]]

Every run is a process of its own, pinned to one core with one thread a library; the contenders
take turns, so that a slower spell of the machine meets all of them. Prosopon decodes, analyses
and writes CSV; MediaPipe decodes and analyses. What a process takes besides (imports, loading of
models) is told apart as "setup"; the whole command line is measured too, from process start to
its end.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import (
    describe,
    last_core,
    provenance,
    run_pinned,
    spread,
    table,
    write_json,
)

PEERS = Path(__file__).parent / "peers"


@dataclass(slots=True)
class Contender:
    """A command that measures itself over the clip, and what its runs said."""

    name: str
    command: list[str]
    runs: list[dict[str, Any]] = field(default_factory=list)

    def run(self, core: int) -> None:
        """One more run in a fresh process."""
        finished = run_pinned(self.command, core)
        measured = finished.last_json()
        measured["setup_seconds"] = finished.seconds - sum(measured["pass_seconds"])
        self.runs.append(measured)

    def summary(self) -> dict[str, Any]:
        """Medians and spreads over all runs."""
        last = self.runs[-1]
        rates = [run["frames"] / s for run in self.runs for s in run["pass_seconds"]]
        return {
            "name": self.name,
            "frames_per_second": spread(rates),
            "setup_seconds": spread([run["setup_seconds"] for run in self.runs]),
            "peak_mb": spread([run["peak_mb"] for run in self.runs]),
            "frames": last["frames"],
            "frames_with_face": last["frames_with_face"],
            "versions": last["versions"],
        }


def contenders(options: argparse.Namespace) -> list[Contender]:
    """Prosopon first, then the peers whose interpreter was given."""
    clip = str(options.clip)
    ours = [sys.executable, str(PEERS / "prosopon_clip.py"), clip, "--pack", options.pack]
    found = [
        Contender(
            f"prosopon {precision or '(pack default)'}",
            [*ours, *(["--precision", precision] if precision else [])],
        )
        for precision in options.precision or [None]
    ]
    if options.mediapipe_python:
        peer = [str(options.mediapipe_python), str(PEERS / "mediapipe_face_mesh.py"), clip]
        found.append(Contender("mediapipe face_mesh", peer))
        if options.task:
            task = [*peer, "--task", str(options.task)]
            found.append(Contender("mediapipe FaceLandmarker", task))
    return found


def whole_command(options: argparse.Namespace) -> dict[str, Any]:
    """``prosopon analyze CLIP`` from process start: seconds and peak memory."""
    program = "from prosopon.cli import main; main()"
    results = []
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory() as folder:
            arguments = ["analyze", str(options.clip), "-o", folder, "--pack", options.pack]
            results.append(run_pinned([sys.executable, "-c", program, *arguments], options.core))
    return {
        "seconds": spread([result.seconds for result in results]),
        "peak_mb": spread([result.peak_mb for result in results]),
    }


def print_summary(summaries: list[dict[str, Any]], command: dict[str, Any]) -> None:
    """The table for the terminal and the README."""
    best = summaries[0]["frames_per_second"]["median"]
    rows = []
    for summary in summaries:
        rate = summary["frames_per_second"]
        rows.append(
            [
                summary["name"],
                f"{rate['median']:.0f} ({rate['min']:.0f} to {rate['max']:.0f})",
                f"{1000 / rate['median']:.2f}",
                f"{best / rate['median']:.2f}",
                f"{summary['frames_with_face']}/{summary['frames']}",
                f"{summary['peak_mb']['median']:.0f}",
                f"{summary['setup_seconds']['median']:.2f}",
            ]
        )
    headings = [
        "one core, one thread",
        "frames/s (range)",
        "ms a frame",
        "prosopon is … times faster",
        "frames with a face",
        "peak MB",
        "setup s",
    ]
    print(table(headings, rows))
    print(
        f"\nprosopon analyze, whole command: {command['seconds']['median']:.2f} s, "
        f"peak {command['peak_mb']['median']:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--runs", type=int, default=7, help="processes a contender [7]")
    parser.add_argument("--core", type=int, default=last_core(), help="CPU to pin to [the last]")
    parser.add_argument("--pack", default="default")
    parser.add_argument("--precision", action="append", help="fp32 or int8; may be repeated")
    parser.add_argument("--mediapipe-python", type=Path, help="interpreter with mediapipe 0.10.14")
    parser.add_argument("--task", type=Path, help="face_landmarker.task, for FaceLandmarker too")
    parser.add_argument("--json", type=Path, help="also write every run to this file")
    options = parser.parse_args()

    where = provenance()
    print(describe(where))
    entries = contenders(options)
    for turn in range(options.runs):
        for entry in entries:
            print(f"run {turn + 1}/{options.runs}: {entry.name}", file=sys.stderr)
            entry.run(options.core)
    command = whole_command(options)
    summaries = [entry.summary() for entry in entries]
    print(f"{options.clip.name}, {options.runs} runs each, core {options.core}\n")
    print_summary(summaries, command)
    write_json(
        options.json,
        {
            "clip": options.clip.name,
            "where": where,
            "core": options.core,
            "threads": 1,
            "summaries": summaries,
            "whole_command": command,
            "runs": {entry.name: entry.runs for entry in entries},
        },
    )


if __name__ == "__main__":
    main()
