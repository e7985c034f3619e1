"""Throughput of batches: python benchmarks/batch.py VIDEO [--copies 12] [--ray] [--hog]
[--long FRAMES] [--tiny 2000].

A corpus of copies of VIDEO is measured by one and by two workers, and gone on with when nothing is
left to do; with --hog, by two beside a process that computes all the time; with --long, one video
of so many frames, VIDEO over and over, by one and by two workers; with --tiny, so many videos of
five frames. A line each:

    engine workers files | wall s | frames/s of work | efficiency | CPU ms a frame | MB a worker |
    cores taken by others

Wall time includes the start of the workers; work does not. Efficiency is the frames/s of work of a
worker over that of one alone; of a long video, the wall time of one worker over twice that of two.
Others are whatever else ran meanwhile, the start of the workers included (Linux): where it is more
than some tenths, or stands for the hog, efficiency tells of it too. The CPU time that the workers
took for a frame depends on it less.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from prosopon.batch.layout import Layout
from prosopon.batch.store import read_entries

_TICKS = 100  # of /proc/stat a second


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("video", type=Path)
    parser.add_argument("--copies", type=int, default=12)
    parser.add_argument("--tiny", type=int, default=0)
    parser.add_argument("--long", type=int, default=0)
    parser.add_argument("--ray", action="store_true")
    parser.add_argument("--hog", action="store_true")
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
            if chosen.hog:
                with _hog():
                    print("beside a hog, fair would be two thirds:", end=" ")
                    _measure(corpus, folder / f"{engine}-hog", engine, 2, alone)
        _resume(corpus, folder / "local1")
        if chosen.long:
            _long(folder, chosen.video, chosen.long)
        if chosen.tiny:
            tiny = _tiny(folder / "tiny", chosen.tiny)
            _measure(tiny, folder / "out", "local", 1, 0.0)
            _resume(tiny, folder / "out")


def _measure(corpus: Path, out: Path, engine: str, workers: int, alone: float) -> float:
    busy = _busy()
    wall = _batch(corpus, out, "--engine", engine, "--workers", str(workers))
    busy = _busy() - busy
    entries = read_entries(Layout(out).manifest)
    frames = sum(entry.frames for entry in entries)
    rate = workers * frames / sum(entry.seconds for entry in entries)
    cpu = sum(entry.facts["processor"] for entry in entries)
    memory = max(entry.facts["memory"] for entry in entries)
    told = (
        f"{wall:.1f}",
        f"{rate:.0f}",
        f"{rate / workers / (alone or rate):.2f}",
        f"{1000 * cpu / frames:.1f}",
        f"{memory:.0f}",
        f"{(busy - cpu) / wall:.1f}",
    )
    print(f"{engine} {workers} {len(entries)}", *told, sep=" | ", flush=True)
    return alone or rate


def _long(folder: Path, video: Path, frames: int) -> None:
    corpus = folder / "long"
    corpus.mkdir()
    _repeat(video, corpus / f"long{video.suffix}", frames)
    walls = []
    for workers in (1, 2):
        out, busy = folder / f"long{workers}", _busy()
        walls.append(_batch(corpus, out, "--workers", str(workers)))
        (entry,) = read_entries(Layout(out).manifest)
        cores = (_busy() - busy) / walls[-1]
        print(
            f"one video of {entry.frames} frames, {workers} workers: {walls[-1]:.1f} s, "
            f"{entry.facts['memory']:.0f} MB; {cores:.1f} cores were busy, also with other things",
            flush=True,
        )
    print(f"efficiency of two on one video: {walls[0] / walls[1] / 2:.2f}", flush=True)


def _repeat(video: Path, path: Path, frames: int) -> None:
    """The packets of ``video`` over and over."""
    with av.open(str(video)) as source, av.open(str(path), "w") as target:
        shown = source.streams.video[0]
        packets = [packet for packet in source.demux(shown) if packet.size]
        kept: Any = target.add_stream_from_template(shown)
        assert shown.average_rate
        assert shown.time_base
        length = len(packets) * round(1 / (shown.average_rate * shown.time_base))
        times = [(packet.pts or 0, packet.dts or 0) for packet in packets]
        for turn in range(-(-frames // len(packets))):
            for packet, (pts, dts) in zip(packets, times, strict=True):
                packet.pts, packet.dts = pts + turn * length, dts + turn * length
                packet.time_base, packet.stream = shown.time_base, kept
                target.mux(packet)


@contextmanager
def _hog() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _busy() -> float:
    """Seconds that all cores together have computed, for anybody; 0 where that is not told."""
    path = Path("/proc/stat")
    if not path.exists():
        return 0.0
    user, nice, system, _idle, _wait, *other = map(int, path.read_text().split()[1:9])
    return (user + nice + system + sum(other)) / _TICKS


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
