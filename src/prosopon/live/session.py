"""What runs between the camera and the view: measuring, and what the keys ask for."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from prosopon.filters.baseline import CORRECTED, Baseline, Choice
from prosopon.filters.smoothing import OneEuro
from prosopon.live.newest import NewestFrames
from prosopon.live.record import Recording
from prosopon.machine import versions
from prosopon.pipeline import Analyzer
from prosopon.record import describe_pack
from prosopon.types import FaceTable, UInt8Array

BUDGET_MS = 60.0
"""From capture to the screen, on two cores at 640 × 480."""
NEUTRAL_FRAMES = 15
"""Frames before the key that the neutral face is the mean of."""
_WINDOW = 60  # frames over which rate and latency are told
KEYS = {
    "n": "neutral face is now",
    "m": "mark an event",
    "r": "record, or stop recording",
    "q": "quit",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One frame to be shown.

    index: of the frame in its source; number: how many came before it here; taken: monotonic s of
    its capture; image: BGR; faces: its rows; fps: frames measured per second; latency: ms from
    capture to screen, median of the last ones, NaN before any was shown; recording: frames so far,
    None when off; skipped: frames overtaken by newer ones; message: what the last key did.
    """

    index: int
    number: int
    taken: float
    image: UInt8Array
    faces: FaceTable
    fps: float
    latency: float
    recording: int | None
    skipped: int
    message: str


class LiveSession:
    """Iterate over it for the frames; call ``press`` with a key and ``shown`` when one is on the
    screen, from any thread.

    folder: where recordings go, named after the time they begin; smooth: pose and landmarks by
    ``prosopon.filters.smoothing.OneEuro``, raw values beside.
    """

    def __init__(
        self,
        analyzer: Analyzer,
        source: NewestFrames,
        folder: Path,
        name: str,
        smooth: bool = False,
    ) -> None:
        self._analyzer, self._source, self._folder, self._name = analyzer, source, folder, name
        self._smooth = OneEuro(analyzer.schema) if smooth else None
        self._baseline = self._new_baseline()
        self._history: deque[FaceTable] = deque(maxlen=NEUTRAL_FRAMES)
        self._measured: deque[float] = deque(maxlen=_WINDOW)
        self._latencies: deque[float] = deque(maxlen=_WINDOW)
        self._pressed: deque[str] = deque()
        self._recording: Recording | None = None
        self._marks = 0
        self._message = ""
        self.recorded: list[Path] = []

    def press(self, key: str) -> None:
        """A key of KEYS; others do nothing."""
        if key in KEYS:
            self._pressed.append(key)

    def shown(self, taken: float) -> None:
        """The frame that was captured at ``taken`` is on the screen now."""
        self._latencies.append(1000 * (time.monotonic() - taken))

    def latencies(self) -> list[float]:
        """ms from capture to screen of the last frames."""
        return list(self._latencies)

    def __iter__(self) -> Iterator[Shown]:
        try:
            for number, result in enumerate(self._analyzer.frames(self._source)):
                faces = self._smooth(result.faces) if self._smooth else result.faces
                self._history.append(faces)
                self._measured.append(time.monotonic())
                if self._obey(faces):
                    return
                faces = self._baseline.apply(faces) if self._baseline else faces
                yield Shown(
                    result.index, number, self._source.taken, result.frame.color(), faces,
                    self._rate(), self._latency(),
                    self._recording.frames if self._recording else None,
                    self._source.skipped, self._message,
                )  # fmt: skip
                if self._recording:  # after the screen: encoding must not delay it
                    self._recording.write(result.frame, faces)
        finally:
            self._stop_recording()

    def _obey(self, faces: FaceTable) -> bool:
        """Do what was asked for since the last frame; True to end."""
        while self._pressed:
            key = self._pressed.popleft()
            if key == "q":
                return True
            if key == "n":
                self._calibrate(faces)
            elif key == "m":
                self._mark()
            elif self._recording:
                self._stop_recording()
            else:
                self._start_recording(faces)
        return False

    def _new_baseline(self) -> Baseline | None:
        schema = self._smooth.schema if self._smooth else self._analyzer.schema
        names = [column.name for column in schema]
        return Baseline(Choice("neutral", 0), schema) if "au" in names else None

    def _calibrate(self, faces: FaceTable) -> None:
        if self._baseline is None or not (faces["success"] > 0).any():
            self._message = "no face to take for neutral"
            return
        baseline = self._new_baseline()
        assert baseline is not None
        baseline.learn(self._neutral(faces))
        self._baseline = baseline
        self._message = "neutral face taken"

    def _neutral(self, faces: FaceTable) -> FaceTable:
        """``faces`` as of frame 0, with the mean units that everybody had in the last frames."""
        data = dict(faces.data)
        data["frame"] = np.zeros_like(faces["frame"])
        for name in (name for name in CORRECTED if name in faces):
            values = faces[name].copy()
            for row, face_id in enumerate(faces["face_id"]):
                mine = [table[name][table["face_id"] == face_id] for table in self._history]
                values[row] = np.concatenate(mine).mean(0)
            data[name] = values
        return FaceTable(faces.schema, data)

    def _mark(self) -> None:
        self._marks += 1
        if self._recording:
            self._recording.mark(self._marks)
            self._message = f"mark {self._marks}"
        else:
            self._message = f"mark {self._marks} (not kept: not recording)"

    def _start_recording(self, faces: FaceTable) -> None:
        schema = self._baseline.schema if self._baseline else faces.schema
        base = self._folder / datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
        self._recording = Recording(base, schema, self._info())
        self._message = f"recording {base.name}"

    def _stop_recording(self) -> None:
        if self._recording is None:
            return
        recording, self._recording = self._recording, None
        recording.close()
        if recording.frames:
            self.recorded.append(recording.base.with_suffix(".csv"))
        self._message = f"{recording.frames} frames kept"

    def _info(self) -> dict[str, Any]:
        told: dict[str, Any] = {"kind": self._source.kind, "name": self._name}
        if self._source.size:
            told["size"] = list(self._source.size)
        return {
            "input": told,
            "pack": describe_pack(self._analyzer.pack),
            "settings": self._analyzer.settings,
            "versions": versions(),
            "started": datetime.now().astimezone().isoformat(),
        }

    def _rate(self) -> float:
        if len(self._measured) < 2:
            return 0.0
        return (len(self._measured) - 1) / max(self._measured[-1] - self._measured[0], 1e-6)

    def _latency(self) -> float:
        return float(np.median(self._latencies)) if self._latencies else float("nan")
