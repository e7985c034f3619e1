"""Analysers whose answers are known, and tiny data sets, for the tests of the evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from prosopon.types import Column, FaceTable, Frame
from prosopon_train.data.schema import AU_NAMES

ORDER = ["neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt"]
SCHEMA = (
    Column("success", (), ("success",), "", "", "int8"),
    Column("landmarks", (68, 2), tuple(map(str, range(136))), "px", ""),
    Column("landmark_sigma", (68,), tuple(f"s{i}" for i in range(68)), "px", ""),
    Column("box", (4,), ("x0", "y0", "x1", "y1"), "px", ""),
    Column("frame", (), ("frame",), "", "", "int64"),
    Column("pose_r", (3,), ("rx", "ry", "rz"), "rad", ""),
    Column("pose_euler", (3,), ("pitch", "yaw", "roll"), "rad", ""),
    Column("gaze", (2, 3), tuple("abcdef"), "", ""),
    Column("gaze_sigma", (2,), ("gaze_r_sigma", "gaze_l_sigma"), "rad", ""),
    Column("eye_open", (2,), ("open_r", "open_l"), "", ""),
    Column("confidence", (), ("confidence",), "", ""),
    Column("valence", (), ("valence",), "", ""),
    Column("arousal", (), ("arousal",), "", ""),
    Column("au", (21,), tuple(AU_NAMES), "", ""),
    Column("au_presence", (21,), tuple(f"{name}_p" for name in AU_NAMES), "", ""),
    Column("emotion", (8,), tuple(f"emotion_{name}" for name in ORDER), "", ""),
)


def table(*rows: dict[str, Any]) -> FaceTable:
    """A table whose columns are "not measured" where a row does not give them."""
    data = {c.name: c.empty(len(rows)) for c in SCHEMA}
    for i, row in enumerate(rows):
        for name, value in {"success": 1, **row}.items():
            data[name][i] = value
    return FaceTable(SCHEMA, data)


class StubAnalyzer:
    """Answers with ``answer(image)`` and remembers the boxes that it was given."""

    def __init__(self, answer: Callable[[np.ndarray], FaceTable]) -> None:
        self.answer = answer
        self.boxes: list[Any] = []
        self.schema = SCHEMA
        self.pack = self

    def face_shape(self) -> np.ndarray:
        """Of the pack: 68 points scattered over a head."""
        return np.random.default_rng(1).uniform(-70, 70, (68, 3))

    def image(self, image: np.ndarray, boxes: np.ndarray | None = None) -> FaceTable:
        self.boxes.append(boxes)
        return self.answer(image)

    def tables(self, source: Iterable[Frame]) -> Iterator[FaceTable]:
        for frame in source:
            faces = self.answer(frame.luma)
            faces["frame"][:] = frame.index
            yield faces


def png(grey: int, size: int = 8) -> bytes:
    """A square picture of one grey level, by which the stub knows it again."""
    return bytes(cv2.imencode(".png", np.full((size, size, 3), grey, np.uint8))[1])


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.Table.from_pylist(rows), path)
    return path


def face_points() -> np.ndarray:
    """68 points over 100 × 80 px whose outer eye corners are 50 px apart."""
    generator = np.random.default_rng(0)
    points = generator.uniform(0, 1, (68, 2)).astype(np.float32) * (100, 80)
    points[36], points[45] = (25, 30), (75, 30)
    return points.astype(np.float32)


def moved(points: np.ndarray, x: float, y: float) -> np.ndarray:
    return points + np.array([x, y], dtype=np.float32)
