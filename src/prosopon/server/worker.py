"""The process that analyses what waits in the queue, one input at a time.

It is a process of its own so that the server answers while it works, and so that a file that
brings a decoder down takes neither the server nor the queue with it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from prosopon.errors import InputError, ProsoponError
from prosopon.inputs import Job as Input
from prosopon.pipeline import Analyzer
from prosopon.runner import Summary, analyze_input
from prosopon.server.settings import Limits, Settings
from prosopon.server.store import Job, JobStore
from prosopon.sources import Source, open_source
from prosopon.types import Frame
from prosopon.writers.sidecar import write_sidecar

TABLE_FORMATS = ("csv", "parquet", "jsonl")
RESULT_STEM = "result"
UPLOAD_NAME = "upload"

_PROGRESS_SECONDS = 0.25
_IDLE_SECONDS = 1.0


class Deleted(Exception):
    """The job was deleted while it was analysed."""


def work(settings: Settings, wake: Event, parent: int) -> None:
    """Analyse until the server, process ``parent``, is gone. ``wake`` is set when a job comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server decides when to stop
    store = JobStore(settings.database)
    analyzer = Analyzer(**settings.analyzer)
    while os.getppid() == parent:
        wake.clear()
        job = store.claim()
        if job is None:
            wake.wait(_IDLE_SECONDS)
        else:
            run_job(job, store, analyzer, settings)


def run_job(job: Job, store: JobStore, analyzer: Analyzer, settings: Settings) -> None:
    """Analyse one job to the end, whatever that is, and note it in the store."""
    folder = settings.job_folder(job.id)
    path = Path(job.source) if job.source else folder / UPLOAD_NAME

    def report(frames: int, expected: int | None) -> None:
        if not store.progress(job.id, frames, expected):
            raise Deleted

    limited = _LimitedInput(str(path), job.name, RESULT_STEM, settings.limits, report)
    try:
        summary = analyze_input(analyzer, limited, folder, TABLE_FORMATS, quiet=True)
    except Deleted:
        shutil.rmtree(folder, ignore_errors=True)
    except ProsoponError as error:
        # Messages begin with the path, which is the server's business.
        store.fail(job.id, str(error).replace(str(path), job.name))
    else:
        if job.source is None:
            _forget_place(folder / f"{RESULT_STEM}.json")
        store.finish(job.id, summary.frames, _describe(summary, analyzer, job.name, path))


def _forget_place(sidecar: Path) -> None:
    """Name the upload relative to the sidecar: where the server keeps it is nobody's business."""
    info = json.loads(sidecar.read_text(encoding="utf-8"))
    info["input"]["path"] = UPLOAD_NAME
    write_sidecar(sidecar, info)


def _describe(summary: Summary, analyzer: Analyzer, name: str, path: Path) -> dict[str, Any]:
    pack = analyzer.pack
    return {
        "frames": summary.frames,
        "frames_with_face": summary.frames_with_face,
        "faces": summary.faces,
        "identities": summary.identities,
        "seconds": round(summary.seconds, 3),
        "problems": [problem.replace(str(path), name) for problem in summary.problems],
        "pack": {"name": pack.name, "version": pack.version, "license": pack.license},
    }


@dataclass(frozen=True, slots=True)
class _LimitedInput(Input):
    """An input that is opened under limits and says how far it is."""

    limits: Limits
    report: Callable[[int, int | None], None]

    def open(self, threads: int = 1) -> Source:
        return _LimitedSource(
            open_source(Path(str(self.spec)), threads), self.name, self.limits, self.report
        )


class _LimitedSource(Source):
    """The frames of a source, refused when there are too many or too large ones."""

    def __init__(
        self,
        source: Source,
        name: str,
        limits: Limits,
        report: Callable[[int, int | None], None],
    ) -> None:
        super().__init__()
        # What is told of the source, its lists of problems included, is told of this one.
        vars(self).update(vars(source))
        self.kind, self.time_base = source.kind, source.time_base
        self.frame_count_estimate = source.frame_count_estimate
        self._limited, self._name, self._limits, self._report = source, name, limits, report

    def __iter__(self) -> Iterator[Frame]:
        self._check_length(self.duration or 0.0)
        noted = 0.0
        for count, frame in enumerate(self._limited):
            self._check_length(frame.time)
            if frame.luma.size > self._limits.pixels:
                raise InputError(
                    f"{self._name}: over the limit of {self._limits.pixels / 1e6:.0f} megapixels "
                    "a frame; make it smaller"
                )
            if time.monotonic() - noted >= _PROGRESS_SECONDS:
                self._report(count, self.frame_count_estimate)
                noted = time.monotonic()
            yield frame

    def _check_length(self, seconds: float) -> None:
        if seconds > self._limits.seconds:
            raise InputError(
                f"{self._name}: longer than the limit of {self._limits.seconds / 60:.0f} minutes; "
                "cut it into parts"
            )

    def close(self) -> None:
        self._limited.close()
