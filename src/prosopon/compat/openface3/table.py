"""The table that OpenFace 3.0's command line writes: one row a face, lists as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from prosopon.compat.openface3.multitask_model import EMOTIONS
from prosopon.types import AnyArray, FaceTable
from prosopon.writers.base import PartialFile, is_failure, output_errors

if TYPE_CHECKING:
    from typing_extensions import Self

COLUMNS = (
    "timestamp",
    "image_path",
    "face_id",
    "face_detection",
    "landmarks",
    "emotion",
    "gaze_yaw",
    "gaze_pitch",
    "action_units",
)


class Table:
    """A CSV file of COLUMNS, complete or not at all; a context manager.

    timestamp: seconds in the video, 0 for an image; face_detection: [x0, y0, x1, y1, score, then
    x, y of five points where the detector ran] px; landmarks: [[x, y], …] px; emotion: the
    likeliest of EMOTIONS; gaze: rad; action_units: eight values in the order of ACTION_UNITS.
    A frame without a face has no row.
    """

    def __init__(self, path: Path, image_path: str) -> None:
        self._image_path = image_path
        self._partial = PartialFile(path)
        with output_errors(path):
            self._file = self._partial.part.open("w", encoding="utf-8", newline="")
        self._write([COLUMNS])

    def write(self, faces: FaceTable) -> int:
        """Append the measured rows of ``faces``; returns how many."""
        rows = np.flatnonzero(faces["success"] > 0)
        self._write([self._row(faces, int(row)) for row in rows])
        return len(rows)

    def _row(self, faces: FaceTable, row: int) -> list[object]:
        detection = [faces["box"][row], faces["confidence"][row : row + 1]]
        if "points" in faces:
            detection.append(faces["points"][row].ravel())
        name = "landmarks_98" if "landmarks_98" in faces else "landmarks"
        yaw, pitch = (f"{float(angle):.6f}" for angle in faces["gaze_angle"][row])
        return [
            f"{float(faces['time'][row]):.6f}",
            self._image_path,
            int(faces["face_id"][row]),
            _json(np.concatenate(detection), 4),
            _json(faces[name][row], 3),
            EMOTIONS[int(faces["emotion"][row].argmax())],
            yaw,
            pitch,
            _json(faces["au"][row], 6),
        ]

    def _write(self, rows: Iterable[Iterable[object]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        with output_errors(self._partial.path):
            self._file.write(text.getvalue())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            with output_errors(self._partial.path):
                self._file.close()
            if not is_failure(kind):
                self._partial.commit()
        finally:
            self._partial.discard()


def _json(values: AnyArray, decimals: int) -> str:
    return json.dumps(np.round(values.astype(np.float64), decimals).tolist())
