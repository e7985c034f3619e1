"""Long inputs in spans: what was measured is kept on disk, and work goes on where it stopped.

A span is cut after a table of frames. Its tables wait in a file; beside it stands what the next
frame depends on: who is followed and remembered, and which frame was last. The next span decodes
from the keyframe but one before the cut, leaves out the frames that were measured, and goes on
with that memory. So the spans of a video follow each other, on whatever machine, and their rows,
identities and baselines are those of a run without cuts, to the byte. Spans that somebody has
watched ahead (``prosopon.ahead``) are only joined.
"""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from prosopon.ahead import Ahead, Span, checksum, is_start
from prosopon.sources import Source
from prosopon.sources.damage import Damage
from prosopon.types import FaceTable, Frame
from prosopon.writers.base import output_errors, write_bytes

if TYPE_CHECKING:
    from prosopon.pipeline import Analyzer, Memory

SPAN_FRAMES = 3072
"""Frames between two cuts: two minutes of video, and less than a minute of work."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where to go on.

    tables, size: how many there are and how many bytes they take; frames: measured so far;
    last, time: number and time (s) of the last; damage: met before it.
    """

    tables: int
    size: int
    frames: int
    last: int
    time: float
    damage: tuple[Damage, ...]
    memory: Memory


class Checkpoints:
    """The spans of one input, kept in ``folder`` until :meth:`clear`.

    key: what they belong to: input, pack, settings; those of another key are dropped. every:
    frames a span, and what is no longer than one is not kept; note: called with the number of
    frames whenever tables are measured. A video whose clock stands still or goes back is not cut: a
    time would not say where to go on.

    The folder holds pickles: it is to be as trusted as the program.
    """

    def __init__(
        self,
        folder: Path,
        key: str,
        every: int = SPAN_FRAMES,
        note: Callable[[int], object] = lambda frames: None,
    ) -> None:
        self._folder, self._key, self._every, self._note = folder, key, every, note
        self._cut = self._load()
        self.frames = self._cut.frames if self._cut else 0
        self._ahead = Ahead(folder, key)
        self._ahead.clear()
        self._rest: _Rest | None = None

    def clear(self) -> None:
        """Drop all that was kept."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def rest(self, source: Source) -> Source:
        """The frames of ``source`` that were not measured yet, and were not watched ahead."""
        if source.kind != "video":
            return source
        if self._cut is None:
            estimate = source.frame_count_estimate
            if estimate is not None and estimate <= self._every:
                return source
            self._rest = _Rest(source, self._ahead)
            return self._rest
        self._rest = _Rest(source, self._ahead, self._cut.frames, self._cut.last, self._cut.time)
        for damage in self._cut.damage:
            source.damage.restore(damage)
            source.skipped += (damage.last - damage.first + 1) * damage.lost
        return self._rest

    def tables(self, analyzer: Any, source: Source) -> Iterator[FaceTable]:
        """All tables: those that were kept, then those of ``source``, the rest.

        Raises OutputError when there is no room to keep them.
        """
        if self._cut is not None:
            yield from self._kept(analyzer, self._cut)
        memory = self._cut.memory if self._cut else analyzer.begin(source)
        if self._rest is None:
            frames = 0
            for table in analyzer.tables(source, memory=memory):
                frames += len(np.unique(table["frame"]))
                self._note(frames)
                yield table
            return
        with output_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            file = self._tables.open("r+b" if self._cut else "wb")
        with file:
            if self._cut:
                file.truncate(self._cut.size)
                file.seek(self._cut.size)
            yield from self._measure(analyzer, source, memory, file)

    def _measure(
        self, analyzer: Analyzer, source: Source, memory: Memory, file: BinaryIO
    ) -> Iterator[FaceTable]:
        tables, frames = (self._cut.tables, self._cut.frames) if self._cut else (0, 0)
        time = self._cut.time if self._cut else -np.inf
        since, forward = 0, True
        assert self._rest is not None
        for table, settled in self._joined(analyzer, source, memory, self._rest):
            with output_errors(self._folder):
                for column in analyzer.schema:
                    np.save(file, table[column.name], allow_pickle=False)
            moments = np.unique(table["frame"], return_index=True)[1]
            times = np.concatenate([[time], table["time"][moments]])
            forward = forward and bool((np.diff(times) > 0).all())
            time, tables = times[-1], tables + 1
            frames, since = frames + len(moments), since + len(moments)
            self._rest.settled = frames
            self._note(frames)
            last = int(table["frame"][-1])
            # Within damage there is no cut: a stretch of it is met whole or not at all.
            damaged = any(one.first <= last <= one.last for one in source.damage)
            if settled and forward and not damaged and since >= self._every:
                damage = tuple(one for one in source.damage if one.last < last)
                with output_errors(self._folder):
                    file.flush()
                    os.fsync(file.fileno())
                    size = file.tell()
                self._save(_Cut(tables, size, frames, last, float(time), damage, memory))
                since = 0
            yield table

    def _joined(
        self, analyzer: Analyzer, source: Source, memory: Memory, rest: _Rest
    ) -> Iterator[tuple[FaceTable, bool]]:
        """Tables of ``source``, and of the spans that it leaves to others; with each, whether
        ``memory`` is of just the frames so far."""
        while not rest.ended:
            for table in analyzer.tables(source, memory=memory):
                yield table, True
            if rest.ended or not rest.paused:
                return
            rest.paused = False
            span = self._ahead.take(rest.count, lambda: self._note(rest.count))
            self._ahead.drop(rest.count)
            if span is None or span.before != rest.checksum:
                continue
            chunks = analyzer.relate(span.frames, memory)
            for left, chunk in zip(range(len(chunks) - 1, -1, -1), chunks, strict=True):
                yield analyzer.decode(chunk, memory), left == 0
            if chunks:
                self.frames += len(span.frames)
                rest.leave_out(span)

    def _kept(self, analyzer: Analyzer, cut: _Cut) -> Iterator[FaceTable]:
        with self._tables.open("rb") as file:
            for _ in range(cut.tables):
                data = {c.name: np.load(file, allow_pickle=False) for c in analyzer.schema}
                yield FaceTable(analyzer.schema, data)

    def _save(self, cut: _Cut) -> None:
        write_bytes(self._folder / "cut", pickle.dumps((self._key, cut)))

    def _load(self) -> _Cut | None:
        """The last cut, if it can be read and is of this key."""
        # A pickle that is no pickle raises almost anything.
        with suppress(OSError, ValueError, TypeError, EOFError, AttributeError, ImportError,
                      IndexError, KeyError, pickle.UnpicklingError):  # fmt: skip
            key, cut = pickle.loads((self._folder / "cut").read_bytes())
            if key == self._key and self._tables.stat().st_size >= cut.size:
                return cut if isinstance(cut, _Cut) else None
        self.clear()
        return None

    @property
    def _tables(self) -> Path:
        return self._folder / "tables"


class _Rest(Source):
    """The frames of a video after the first ``count``, up to a span that somebody watches.

    last, time: number and time (s) of the last frame before, if there is one. Iterated over again,
    it goes on. ended: the video has; settled: frames of which there are tables; checksum: of the
    last frame.
    """

    def __init__(
        self, source: Source, ahead: Ahead, count: int = 0, last: int = -1, time: float = 0.0
    ) -> None:
        super().__init__()
        self.kind, self.damage = source.kind, source.damage
        self.count = self.settled = count
        self.ended = self.paused = False
        self.checksum: int | None = None
        self._source, self._ahead = source, ahead
        self._last, self._skip_to = last, time if count else None
        self._frames: Iterator[Frame] | None = None
        self._asked = -1

    def __iter__(self) -> Iterator[Frame]:
        while not self._pauses():
            if self._skip_to is not None:
                self._source.skip_to(self._skip_to)
                self._frames, self._skip_to = None, None
            if self._frames is None:
                self._frames = iter(self._source)
            frame = next(self._frames, None)
            if frame is None:
                self.ended = True
                return
            if frame.index > self._last:
                yield frame
                self.count, self._last = self.count + 1, frame.index
                if is_start(self.count):
                    self.checksum = checksum(frame.luma)

    def leave_out(self, span: Span) -> None:
        """Go on after ``span``."""
        self.count += len(span.frames)
        self.checksum = span.last
        self._last, self._skip_to = span.frames[-1].index, span.frames[-1].time

    def _pauses(self) -> bool:
        """Whether there may be a span to go on with here; asked once a place."""
        # Where frames were lost, numbers are no count; where tables are not full, spans don't fit.
        whole = self.count == self.settled == self._last + 1 and not self._source.damage
        asks = whole and is_start(self.count) and self._asked != self.count
        self._asked = self.count
        self.paused = asks and self._ahead.has(self.count)
        return self.paused
