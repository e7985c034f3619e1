"""Throughput of batches: python benchmarks/batch.py VIDEO [--copies 12] [--tiny 2000] [--ray].

A corpus of copies of VIDEO is measured by one and by two workers, and gone on with when nothing is
left to do; with --tiny, so many videos of five frames as well. A line each:

    engine workers files | wall s | frames/s of work | efficiency | CPU ms a frame | MB a worker

Wall time includes the start of the workers; work does not. Efficiency is the frames/s of work of
a worker over that of one alone. On a machine that does other things it tells of these; the CPU time
that the workers took for a frame does not, and what it grows by is what efficiency would lose.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from prosopon.batch.layout import Layout
from prosopon.batch.store import read_entries


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("video", type=Path)
    parser.add_argument("--copies", type=int, default=12)
    parser.add_argument("--tiny", type=int, default=0)
    parser.add_argument("--ray", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        corpus = folder / "corpus"
        corpus.mkdir()
        for number in range(chosen.copies):
            shutil.copy(chosen.video, corpus / f"{number}{chosen.video.suffix}")
        for engine in ("local", "ray") if chosen.ray else ("local",):
            alone = 0.0
            for workers in (1, 2):
                alone = _measure(corpus, folder / f"{engine}{workers}", engine, workers, alone)
        _resume(corpus, folder / "local1")
        if chosen.tiny:
            tiny = _tiny(folder / "tiny", chosen.tiny)
            _measure(tiny, folder / "out", "local", 1, 0.0)
            _resume(tiny, folder / "out")


def _measure(corpus: Path, out: Path, engine: str, workers: int, alone: float) -> float:
    wall = _batch(corpus, out, "--engine", engine, "--workers", str(workers))
    entries = read_entries(Layout(out).manifest)
    frames = sum(entry.frames for entry in entries)
    rate = workers * frames / sum(entry.seconds for entry in entries)
    cpu = sum(entry.facts["processor"] for entry in entries)
    memory = max(entry.facts["memory"] for entry in entries)
    efficiency = f"{rate / workers / (alone or rate):.2f}"
    spent = f"{1000 * cpu / frames:.1f}"
    told = (f"{wall:.1f}", f"{rate:.0f}", efficiency, spent, f"{memory:.0f}")
    print(f"{engine} {workers} {len(entries)}", *told, sep=" | ", flush=True)
    return alone or rate


def _resume(corpus: Path, out: Path) -> None:
    wall = _batch(corpus, out, "--resume")
    print(f"--resume with nothing to do: {wall:.1f} s", flush=True)


def _batch(corpus: Path, out: Path, *more: str) -> float:
    started = time.perf_counter()
    command = [sys.executable, "-m", "prosopon", "batch", str(corpus), "-o", str(out), "--quiet"]
    subprocess.run([*command, *more], check=True)
    return time.perf_counter() - started


def _tiny(folder: Path, count: int) -> Path:
    """Videos of five grey frames."""
    folder.mkdir()
    first = folder / "0.mp4"
    with av.open(str(first), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64), 90, np.uint8), "gray")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    for number in range(1, count):
        shutil.copy(first, folder / f"{number}.mp4")
    return folder


if __name__ == "__main__":
    main()
