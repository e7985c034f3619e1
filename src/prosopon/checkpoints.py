"""Long inputs in spans: what was measured is kept on disk, and work goes on where it stopped.

A span is cut after a table of frames. Its tables wait in a file; beside it stands what the next
frame depends on: who is followed and remembered, and which frame was last. The next span decodes
from the keyframe but one before the cut, leaves out the frames that were measured, and goes on
with that memory. So the spans of a video follow each other, on whatever machine, and their rows,
identities and baselines are those of a run without cuts, to the byte.
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

from prosopon.sources import Source
from prosopon.sources.damage import Damage
from prosopon.types import FaceTable, Frame
from prosopon.writers.base import output_errors, write_bytes

if TYPE_CHECKING:
    from prosopon.pipeline import Analyzer, Memory

SPAN_FRAMES = 3000
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
        self._short = False

    def clear(self) -> None:
        """Drop all that was kept."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def rest(self, source: Source) -> Source:
        """The frames of ``source`` that were not measured yet."""
        if self._cut is None:
            estimate = source.frame_count_estimate
            self._short = estimate is not None and estimate <= self._every
            return source
        source.skip_to(self._cut.time)
        for damage in self._cut.damage:
            source.damage.restore(damage)
            source.skipped += (damage.last - damage.first + 1) * damage.lost
        return _Rest(source, self._cut.last)

    def tables(self, analyzer: Any, source: Source) -> Iterator[FaceTable]:
        """All tables: those that were kept, then those of ``source``, the rest.

        Raises OutputError when there is no room to keep them.
        """
        if self._cut is not None:
            yield from self._kept(analyzer, self._cut)
        memory = self._cut.memory if self._cut else analyzer.begin(source)
        if self._short or source.kind != "video":
            yield from self._counted(analyzer.tables(source, memory=memory))
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
        for table in self._counted(analyzer.tables(source, memory=memory)):
            with output_errors(self._folder):
                for column in analyzer.schema:
                    np.save(file, table[column.name], allow_pickle=False)
            moments = np.unique(table["frame"], return_index=True)[1]
            times = np.concatenate([[time], table["time"][moments]])
            forward = forward and bool((np.diff(times) > 0).all())
            time, tables = times[-1], tables + 1
            frames, since = frames + len(moments), since + len(moments)
            last = int(table["frame"][-1])
            # Within damage there is no cut: a stretch of it is met whole or not at all.
            damaged = any(one.first <= last <= one.last for one in source.damage)
            if forward and not damaged and since >= self._every:
                damage = tuple(one for one in source.damage if one.last < last)
                with output_errors(self._folder):
                    file.flush()
                    os.fsync(file.fileno())
                    size = file.tell()
                self._save(_Cut(tables, size, frames, last, float(time), damage, memory))
                since = 0
            yield table

    def _counted(self, tables: Iterator[FaceTable]) -> Iterator[FaceTable]:
        done = self.frames
        for table in tables:
            done += len(np.unique(table["frame"]))
            self._note(done)
            yield table

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
    """The frames of a source after number ``last``."""

    def __init__(self, source: Source, last: int) -> None:
        super().__init__()
        self.kind = source.kind
        self.damage = source.damage
        self._source, self._last = source, last

    def __iter__(self) -> Iterator[Frame]:
        return (frame for frame in self._source if frame.index > self._last)
