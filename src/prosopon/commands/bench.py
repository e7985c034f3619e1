"""``prosopon bench [INPUT]``: frames/s of the whole job, milliseconds of its stages, memory.

Times are medians with the interquartile range beside them. The stages are called by themselves on
the frames and faces of the input; the whole is measured on its own, as ``analyze`` runs it.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np

from prosopon.crop import cut, from_boxes, from_landmarks
from prosopon.detect import FaceDetector
from prosopon.errors import InputError, OutputError
from prosopon.machine import peak_memory_mb, processor, versions
from prosopon.network import FaceNetwork
from prosopon.packs import Pack
from prosopon.pipeline import Analyzer
from prosopon.session import create_session
from prosopon.sources import open_source
from prosopon.types import Crops, UInt8Array
from prosopon.writers import open_writer

Value = TypeVar("Value")
Times = dict[str, list[float]]

_ALONE_SIZE = (640, 360)
_ALONE_RUNS = 50
_ALONE_FACES = (1, 4)


def run(source: Path | None, json_path: Path | None, **options: Any) -> int:
    """Measure, print, and write the figures to ``json_path``."""
    analyzer = Analyzer(**options)
    report: dict[str, Any] = {
        "machine": processor(),
        "versions": versions(),
        "pack": f"{analyzer.pack.name} {analyzer.pack.version}",
        "settings": analyzer.settings,
    }
    stages = _Stages(analyzer.pack, analyzer.settings)
    if source is None:
        stages.alone()
    else:
        report["input"] = source.name
        # First of all, for the peak of memory to be that of the job.
        report |= _whole(analyzer, source) | {"peak_memory_mb": peak_memory_mb()}
        report |= {"decode_ms": _decoding(source, options["threads"])}
        stages.along(analyzer, source)
    report["stages_ms"] = {
        name: dict(zip(("median", "q1", "q3"), _quartiles(times), strict=True))
        for name, times in stages.times.items()
    }
    _show(report)
    if json_path:
        try:
            json_path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{json_path}: can't be written ({error.strerror})") from error
    return 0


class _Stages:
    """The stages by themselves, and how long each call took, ms."""

    def __init__(self, pack: Pack, settings: dict[str, Any]) -> None:
        self.times: Times = defaultdict(list)
        where = {"device": settings["device"], "threads": settings["threads"]}
        network, detector = pack.network, pack.detector
        self._size = network.size
        self._network = FaceNetwork(
            create_session(network.file(settings["precision"]).path, **where), network.outputs
        )
        self._detector = FaceDetector(
            create_session(detector.file.path, **where),
            threshold=detector.threshold,
            nms=detector.nms,
            long_side=detector.long_side,
        )

    def along(self, analyzer: Analyzer, source: Path) -> None:
        """Time the stages on every frame of ``source`` and the faces found there."""
        with open_source(source) as frames:
            for result in analyzer.frames(frames):
                self._timed("detect", self._detector, result.frame.luma)
                found = result.faces["success"] > 0
                if found.any():
                    crops = from_landmarks(result.faces["landmarks"][found], self._size)
                    self._measure(result.frame.luma, crops)
        if not self.times:
            raise InputError(f"{source}: no frame could be read; choose another input")

    def alone(self) -> None:
        """Time the stages on noise, where speed is the same as on a picture."""
        width, height = _ALONE_SIZE
        noise = np.random.default_rng(0).integers(0, 256, (height, width), dtype=np.uint8)
        box = np.array([[200, 80, 380, 290]], np.float32)
        for _ in range(_ALONE_RUNS):
            self._timed("detect", self._detector, noise)
            for count in _ALONE_FACES:
                self._measure(noise, from_boxes(box.repeat(count, 0), self._size))

    def _measure(self, luma: UInt8Array, crops: Crops) -> None:
        n = f", {len(crops)} face{'s' * (len(crops) > 1)}"
        batch = self._timed("crop" + n, cut, luma, crops)
        self._timed("network" + n, self._network, batch.tensor)

    def _timed(self, name: str, stage: Callable[..., Value], *arguments: Any) -> Value:
        started = time.perf_counter()
        value = stage(*arguments)
        self.times[name].append(1e3 * (time.perf_counter() - started))
        return value


def _whole(analyzer: Analyzer, source: Path) -> dict[str, Any]:
    """Decode, analyse and write to CSV, as ``analyze`` does."""
    frames = faces = 0
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bench.csv")
        with open_source(source) as opened, open_writer("csv", path, analyzer.schema) as writer:
            for table in analyzer.tables(opened):
                writer.write(table)
                frames += len(np.unique(table["frame"]))
                faces += int((table["success"] > 0).sum())
    seconds = time.perf_counter() - started
    return {"frames": frames, "faces": faces, "seconds": seconds, "frames_per_s": frames / seconds}


def _decoding(source: Path, threads: int) -> float:
    """Milliseconds a frame of decoding alone."""
    frames = 0
    started = time.perf_counter()
    with open_source(source, threads) as opened:
        for _ in opened:
            frames += 1
    return 1e3 * (time.perf_counter() - started) / max(frames, 1)


def _quartiles(times: list[float]) -> tuple[float, float, float]:
    """Median, first and third quartile."""
    first, median, third = np.percentile(times, [25, 50, 75])
    return float(median), float(first), float(third)


def _lines(report: dict[str, Any]) -> Iterator[str]:
    settings = report["settings"]
    yield ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    yield report["machine"]
    yield (
        f"pack {report['pack']} {settings['precision']}, {settings['device']}, "
        f"{settings['threads']} thread{'s' * (settings['threads'] > 1)}"
    )
    if "frames" in report:
        peak = report["peak_memory_mb"]
        yield (
            f"{report['input']}: {report['frames']} frames, {report['faces']} faces in "
            f"{report['seconds']:.2f} s: {report['frames_per_s']:.1f} frames/s"
            + (f", peak memory {peak:.0f} MB" if peak else "")
        )
        yield f"{'decode':<20}{report['decode_ms']:8.2f} ms (mean)"
    for name, times in report["stages_ms"].items():
        spread = f"({times['q1']:.2f} to {times['q3']:.2f})"
        yield f"{name:<20}{times['median']:8.2f} ms {spread}"


def _show(report: dict[str, Any]) -> None:
    for line in _lines(report):
        click.echo(line)
