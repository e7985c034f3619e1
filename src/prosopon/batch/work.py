"""What a worker does, in a process of its own, on this machine or another."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from prosopon.ahead import Ahead
from prosopon.analyzers import open_analyzer
from prosopon.batch import facts
from prosopon.batch.layout import Layout
from prosopon.batch.remote import fetch, is_url
from prosopon.batch.settings import Settings
from prosopon.batch.units import Stretch, Task, Unit
from prosopon.checkpoints import Checkpoints
from prosopon.errors import InputError, OutputError
from prosopon.filters.baseline import NO_BASELINE, Choice
from prosopon.inputs import Job
from prosopon.machine import peak_memory_mb
from prosopon.overlap import keep_to_one_core
from prosopon.pipeline import Analyzer
from prosopon.runner import analyze_input
from prosopon.writers import file_suffix
from prosopon.writers.base import output_errors
from prosopon.writers.sidecar import write_sidecar

Note = Callable[[int], object]
"""To be told how many frames are measured: a sign of life."""


@dataclass(frozen=True, slots=True)
class Work:
    """What every worker of a batch is told. fingerprint: of the settings; threads: of a worker."""

    layout: Layout
    settings: Settings
    fingerprint: str
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a unit.

    state: "done"; "failed": the input can't be read; "stopped": the worker was told to stop;
    "full": results can't be written, so that it makes no sense to go on; of a stretch "watched"
    or "passed": nothing is to be had of it. seconds: it took; processor: seconds that this process
    computed; memory: peak, MB.
    """

    state: str
    error: str = ""
    seconds: float = 0.0
    host: str = ""
    sha256: str = ""
    processor: float = 0.0
    memory: float | None = None
    facts: dict[str, Any] = field(default_factory=dict)


class Worker:
    """Holds one session of the networks and measures one unit after another.

    Raises PackError, DeviceError.
    """

    def __init__(self, work: Work) -> None:
        import cv2
        import pyarrow as pa

        if work.threads == 1:
            keep_to_one_core()
        cv2.setNumThreads(work.threads)
        pa.set_cpu_count(work.threads)
        pa.set_io_thread_count(1)
        self._work = work
        settings = work.settings
        options = {**settings.options, "threads": work.threads}
        self._analyzer = open_analyzer(settings.pack, **options)

    def run(self, task: Task, note: Note) -> Outcome:
        """Measure a unit, or watch a stretch of one that another worker measures."""
        return self._watch(task, note) if isinstance(task, Stretch) else self._unit(task, note)

    def _watch(self, task: Stretch, note: Note) -> Outcome:
        unit = task.unit
        ahead = Ahead(self._work.layout.spans(unit.name), self._key(unit))
        # Whatever stands in the way is told by whoever measures the unit.
        with suppress(InputError, OutputError):
            if isinstance(self._analyzer, Analyzer) and ahead.watch(
                self._analyzer, Path(unit.files[0]), task.number, note
            ):
                return Outcome("watched")
        return Outcome("passed")

    def _key(self, unit: Unit) -> str:
        return f"{self._work.fingerprint} {unit.size} {unit.mtime}"

    def _unit(self, unit: Unit, note: Note) -> Outcome:
        """Measure ``unit`` and put its results in their places, whole or not at all."""
        started, computed = time.monotonic(), time.process_time()
        own = f"{unit.name}.{socket.gethostname()}.{os.getpid()}"
        staging = self._work.layout.staging / own
        try:
            with tempfile.TemporaryDirectory(prefix="prosopon-") as scratch:
                outcome = self._run(unit, note, staging, Path(scratch))
        except InputError as error:
            outcome = Outcome("failed", str(error))
        except OutputError as error:
            outcome = Outcome("full", str(error))
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        return Outcome(
            outcome.state,
            outcome.error,
            round(time.monotonic() - started, 3),
            socket.gethostname(),
            outcome.sha256,
            round(time.process_time() - computed, 3),
            peak_memory_mb(),
            outcome.facts,
        )

    def _run(self, unit: Unit, note: Note, staging: Path, scratch: Path) -> Outcome:
        paths = {str(_local(file, scratch / str(i))): file for i, file in enumerate(unit.files)}
        try:
            return self._measure(unit, note, staging, list(paths))
        except InputError as error:
            raise InputError(_renamed(str(error), paths)) from error

    def _measure(self, unit: Unit, note: Note, staging: Path, paths: list[str]) -> Outcome:
        work, settings = self._work, self._work.settings
        formats = ("parquet", *(name for name in settings.formats if name != "parquet"))
        spec = tuple(map(Path, paths)) if unit.pictures else paths[0]
        spans = None
        if isinstance(self._analyzer, Analyzer):
            folder = work.layout.spans(unit.name)
            spans = Checkpoints(folder, self._key(unit), settings.span, note)
        summary = analyze_input(
            self._analyzer,
            Job(spec, unit.input, unit.name),
            staging,
            formats,
            baseline=NO_BASELINE if unit.pictures else Choice.parse(settings.baseline),
            smooth=settings.smooth and not unit.pictures,
            quiet=True,
            checkpoints=spans,
        )
        if not summary.complete:
            return Outcome("stopped")
        sidecar = self._sidecar(unit, staging, dict(zip(paths, unit.files, strict=True)))
        table = staging / f"{unit.name}.parquet"
        found = facts.describe(table, sidecar)
        self._publish(unit, staging, formats)
        if spans is not None:
            spans.clear()
        problems = " | ".join(sidecar["problems"])
        return Outcome("done", problems, sha256=facts.input_hash(sidecar), facts=found)

    def _sidecar(self, unit: Unit, staging: Path, renamed: dict[str, str]) -> dict[str, Any]:
        """What the run told, and what the batch needs to know it again; copies by their URLs."""
        path = staging / f"{unit.name}.json"
        text = path.read_text(encoding="utf-8")
        told: dict[str, Any] = json.loads(text)
        for facts_of in (told["input"], *told["input"].get("files", ())):
            if "path" in facts_of:
                facts_of["path"] = renamed.get(facts_of["path"], facts_of["path"])
        told["problems"] = [_renamed(problem, renamed) for problem in told["problems"]]
        told["batch"] = {"fingerprint": self._work.fingerprint} | asdict(unit)
        write_sidecar(path, told)
        return told

    def _publish(self, unit: Unit, staging: Path, formats: tuple[str, ...]) -> None:
        """Give the files their names; the sidecar last, which says that all is there."""
        layout, name = self._work.layout, unit.name
        moves = [(f"{name}.parquet", layout.table(name))]
        for format in formats[1:]:
            suffix = file_suffix(format)
            moves.append((f"{name}{suffix}", layout.file(name, suffix)))
        moves.append((f"{name}.json", layout.file(name)))
        for source, target in moves:
            with output_errors(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(staging / source, target)


def _local(file: str, scratch: Path) -> Path:
    return fetch(file, scratch) if is_url(file) else Path(file)


def _renamed(text: str, names: dict[str, str]) -> str:
    for copy, name in names.items():
        text = text.replace(copy, name)
    return text
