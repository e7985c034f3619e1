"""A recording of a live view: the clean video, its table, and a sidecar with the marks.

Row for row the table is of the video's frames: ``frame`` counts them from 0 and ``time`` is the
timestamp that stands in the file, not the session's.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from prosopon.types import Column, FaceTable, Frame, UInt8Array
from prosopon.writers import open_writer
from prosopon.writers.overlay import OverlayVideo
from prosopon.writers.sidecar import describe_columns, write_sidecar

_TICKS = 90_000


class _CleanVideo(OverlayVideo):
    """The pictures as they are."""

    def _drawn(self, frame: Frame, faces: FaceTable) -> UInt8Array:
        return frame.color()


class Recording:
    """Files ``base.mp4``, ``base.csv`` and ``base.json``, complete once closed.

    A recording without a frame leaves none. OutputError: they can't be written.
    """

    def __init__(self, base: Path, schema: Sequence[Column], info: dict[str, Any]) -> None:
        self.base = base
        self.frames = 0
        self.marks: list[dict[str, Any]] = []
        self._info = info
        self._schema = tuple(schema)
        self._video = _CleanVideo(base.with_suffix(".mp4"), Fraction(1, _TICKS))
        self._table = open_writer("csv", base.with_suffix(".csv"), schema)
        self._began = 0.0
        self._last = -1

    def write(self, frame: Frame, faces: FaceTable) -> None:
        """Add a frame and its rows."""
        if not self.frames:
            self._began = frame.time
        # The video's own tick, so that both files say the same number.
        tick = max(round((frame.time - self._began) * _TICKS), self._last + 1)
        self._last = tick
        seconds = tick / _TICKS
        kept = Frame(frame.luma, self.frames, seconds, frame.color)
        data = dict(faces.data)
        data["frame"] = np.full_like(faces["frame"], self.frames)
        data["time"] = np.full_like(faces["time"], seconds)
        self._video.write(kept, faces)
        self._table.write(FaceTable(faces.schema, data))
        self.frames += 1

    def mark(self, number: int) -> None:
        """Note an event at the last frame written."""
        frame = max(self.frames - 1, 0)
        seconds = max(self._last, 0) / _TICKS
        self.marks.append({"number": number, "frame": frame, "time": round(seconds, 6)})

    def close(self) -> None:
        """Complete the files."""
        if not self.frames:
            self._video.discard()
            self._table.discard()
            return
        try:
            self._video.close()
            self._table.close()
        except BaseException:
            self._video.discard()
            self._table.discard()
            raise
        sidecar = self._info | {
            "outputs": [self.base.with_suffix(s).name for s in (".mp4", ".csv")],
            "counts": {"frames": self.frames},
            "marks": self.marks,
            "columns": describe_columns(self._schema),
        }
        write_sidecar(self.base.with_suffix(".json"), sidecar)
