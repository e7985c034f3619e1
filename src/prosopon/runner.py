"""The main job: one input through an Analyzer into tables, a sidecar and, if asked, an overlay."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

from prosopon.checkpoints import Checkpoints
from prosopon.errors import InputError
from prosopon.filters.baseline import NO_BASELINE, Baseline, Choice
from prosopon.filters.smoothing import ZeroPhase
from prosopon.inputs import Job
from prosopon.overlap import read_ahead, write_behind
from prosopon.pipeline import Analyzer
from prosopon.progress import Advance, progress
from prosopon.record import describe_run, describe_source
from prosopon.sources import EVERYTHING, SelectedSource, Selection, Source
from prosopon.types import Column, FaceTable, Frame
from prosopon.writers import file_suffix, open_writer
from prosopon.writers.overlay import OverlayWriter, open_overlay
from prosopon.writers.sidecar import describe_columns, write_sidecar

if TYPE_CHECKING:
    from prosopon.compat.openface3.analyzer import OpenFace3Analyzer


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of one input.

    frames: read; frames_with_face, faces: frames and rows with a measured face;
    identities: different ``face_id`` of a video, or the most faces in one picture;
    problems: one line for each thing that could not be read, though the rest was;
    complete: False when the user stopped it.
    """

    name: str
    outputs: tuple[Path, ...]
    frames: int
    frames_with_face: int
    faces: int
    identities: int
    seconds: float
    problems: tuple[str, ...]
    complete: bool


@dataclass(slots=True)
class _Counts:
    """Running totals over tables."""

    frames_with_face: int = 0
    faces: int = 0
    identities: int = 0

    def add(self, table: FaceTable) -> None:
        measured = table["success"] > 0
        self.frames_with_face += len(np.unique(table["frame"][measured]))
        self.faces += int(measured.sum())
        # Identities are given in order from 0 on.
        self.identities = max(self.identities, int(table["face_id"].max(initial=-1)) + 1)


class _Watched(Source):
    """The frames of a source, counted and shown, until ``stop`` is set."""

    def __init__(self, source: Source, stop: threading.Event, advance: Advance) -> None:
        super().__init__()
        self.kind, self.damage = source.kind, source.damage
        self.frames = 0
        self.last: Frame | None = None
        self._source, self._stop, self._advance = source, stop, advance

    def __iter__(self) -> Iterator[Frame]:
        for frame in read_ahead(self._source):
            if self._stop.is_set():
                return
            yield frame
            self.frames += 1
            self.last = frame
            self._advance(self._source.damage.note())


def analyze_input(
    analyzer: Analyzer | OpenFace3Analyzer,
    job: Job,
    folder: Path,
    formats: Sequence[str] = ("csv",),
    *,
    selection: Selection = EVERYTHING,
    baseline: Choice = NO_BASELINE,
    smooth: bool = False,
    overlay: bool = False,
    quiet: bool = False,
    checkpoints: Checkpoints | None = None,
) -> Summary:
    """Measure ``job`` and write ``folder/<stem>.<format>``, the sidecar and the overlay.

    Of format openface2 it is ``<stem>.openface2.csv``. Files appear complete or not at all. Ctrl-C
    and SIGTERM end the input early and keep the rows so far. Raises InputError when it can't be
    read or nothing of it is selected, OutputError when a result can't be written.

    With a ``baseline`` the rows wait in ``folder`` until the input has ended; the overlay shows
    what was measured before it is subtracted, and before ``smooth`` (see
    ``prosopon.filters.smoothing``) changes it.

    checkpoints: go on from there, and note how far it is; for a whole input without overlay.
    """
    started, began = time.perf_counter(), datetime.now(timezone.utc)
    counts = _Counts()
    outputs = [folder / f"{job.stem}{file_suffix(name)}" for name in formats]
    with _selected(job.open(analyzer.settings["threads"]), selection) as source:
        smoothed = _zero_phase(analyzer, source, job) if smooth else None
        schema = smoothed.schema if smoothed else analyzer.schema
        corrected = _baseline(schema, source, job, baseline)
        schema = corrected.schema if corrected else schema
        with ExitStack() as stack:
            writers = [
                stack.enter_context(open_writer(name, path, schema))
                for name, path in zip(formats, outputs, strict=True)
            ]
            stop = stack.enter_context(interrupt())
            advance = stack.enter_context(
                progress(job.stem, source.frame_count_estimate, quiet=quiet)
            )
            rest = checkpoints.rest(source) if checkpoints else source
            watched = _Watched(rest, stop, advance)
            if overlay:
                drawing = stack.enter_context(
                    open_overlay(folder / job.stem, source, analyzer.settings["threads"])
                )
                outputs.append(drawing.path)
                tables = _drawn(analyzer, watched, drawing)
            elif checkpoints:
                tables = checkpoints.tables(analyzer, watched)
            else:
                tables = analyzer.tables(watched)
            if smoothed:
                tables = smoothed.stream(tables)
            if corrected:
                tables = corrected.stream(tables, folder)

            def write(table: FaceTable) -> None:
                for writer in writers:
                    writer.write(table)

            keep = stack.enter_context(write_behind(write))
            for table in tables:
                counts.add(table)
                keep(table)
            frames = watched.frames + (checkpoints.frames if checkpoints else 0)
            if not frames and not stop.is_set():
                raise InputError(_why_nothing(job.name, source.report(), selection))
        summary = Summary(
            name=job.name,
            outputs=tuple(outputs),
            frames=frames,
            frames_with_face=counts.frames_with_face,
            faces=counts.faces,
            identities=counts.identities,
            seconds=time.perf_counter() - started,
            problems=(*source.report(), *(corrected.problems(job.name) if corrected else ())),
            complete=not stop.is_set(),
        )
        sidecar = _sidecar(analyzer, source, selection, summary, watched.last)
        sidecar["started"] = began.isoformat()
        sidecar["columns"] = describe_columns(schema)
        sidecar["smoothing"] = smoothed.notes() if smoothed else None
        sidecar["baseline"] = corrected.notes() if corrected else {"choice": str(baseline)}
    for writer in writers:
        sidecar |= writer.notes()
    write_sidecar(folder / f"{job.stem}.json", sidecar)
    return summary


def _zero_phase(analyzer: Analyzer | OpenFace3Analyzer, source: Source, job: Job) -> ZeroPhase:
    if source.kind in ("image", "images"):
        raise InputError(f"{job.name}: pictures have no time to smooth over; leave --smooth out")
    return ZeroPhase(analyzer.schema)


def _baseline(
    schema: Sequence[Column], source: Source, job: Job, choice: Choice
) -> Baseline | None:
    if choice.kind == "none":
        return None
    if source.kind in ("image", "images"):
        raise InputError(f"{job.name}: pictures have no identities to take a baseline of; use none")
    return Baseline(choice, schema)


def _drawn(
    analyzer: Analyzer | OpenFace3Analyzer, source: Source, drawing: OverlayWriter
) -> Iterator[FaceTable]:
    """The tables of single frames, each drawn before the next is read."""
    for result in analyzer.frames(source):
        drawing.write(result.frame, result.faces)
        yield result.faces


def _selected(source: Source, selection: Selection) -> Source:
    return source if selection == EVERYTHING else SelectedSource(source, selection)


def _why_nothing(name: str, problems: Sequence[str], selection: Selection) -> str:
    if len(problems) > 1:
        return f"{name}: none of it can be read ({len(problems)} errors); the first: {problems[0]}"
    if problems:
        return problems[0]
    if selection != EVERYTHING:
        end = "its end" if selection.end is None else f"{selection.end:g} s"
        return f"{name}: no frame from {selection.start:g} s to {end}; choose another start or end"
    return f"{name}: holds no frames; check that it is whole"


@contextmanager
def interrupt() -> Iterator[threading.Event]:
    """An event that Ctrl-C or SIGTERM sets, so that the frame in hand is finished.

    The second of them raises KeyboardInterrupt. Outside the main thread, where signals don't
    arrive, nothing sets it.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def note(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {kind: signal.signal(kind, note) for kind in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def _sidecar(
    analyzer: Analyzer | OpenFace3Analyzer,
    source: Source,
    selection: Selection,
    summary: Summary,
    last: Frame | None,
) -> dict[str, Any]:
    facts = {
        "input": describe_source(source, summary.name),
        "outputs": [path.name for path in summary.outputs],
        "complete": summary.complete,
        "counts": {
            "frames": summary.frames,
            "frames_with_face": summary.frames_with_face,
            "faces": summary.faces,
            "identities": summary.identities,
            "skipped": source.skipped,
        },
        "problems": list(summary.problems),
        "seconds": round(summary.seconds, 3),
    }
    if not summary.complete and last is not None:
        facts["stopped_after"] = {"frame": last.index, "time": last.time}
    return facts | describe_run(analyzer, source, selection)
