"""A training picture of the detector: the finished one, and the one being composed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from prosopon.crop import face_boxes
from prosopon.types import AnyArray, FloatArray, UInt8Array
from prosopon_train.data.cutouts import five_points

SMALLEST_SIDE = 13.0  # px; smaller faces are neither rewarded nor punished
LEAST_CONTRAST = 4.0  # standard deviation in grey levels; a face in the dark is not asked for
SHOWN, HINTED = 0.6, 0.2  # share of the 68 points in view: a face; perhaps one; none


@dataclass(frozen=True, slots=True)
class Scene:
    """A training picture: luma (h, w) uint8; boxes (n, 4), points (n, 5, 2) px; ignored (m, 4)."""

    luma: UInt8Array
    boxes: FloatArray
    points: FloatArray
    ignored: FloatArray


@dataclass(slots=True)
class Canvas:
    """A picture (h, w) with what has been laid on it: faces (68, 2) px, ignored places (4,) px."""

    luma: UInt8Array
    faces: list[AnyArray] = field(default_factory=list)
    ignored: list[AnyArray] = field(default_factory=list)

    @property
    def bounds(self) -> FloatArray:
        """First and last pixel, (4,): x0, y0, x1, y1."""
        height, width = self.luma.shape
        return np.array([0, 0, width - 1, height - 1], np.float32)

    def cover(self, area: AnyArray) -> None:
        """Something opaque was laid over ``area`` (4,): faces there are hidden or doubtful."""
        kept = []
        for points in self.faces:
            inside = within(points, area).mean()
            if inside <= 0.15:
                kept.append(points)
            elif inside < 0.95:
                self.ignored.append(face_boxes(points[None])[0])
        self.faces = kept

    def add(self, points: AnyArray, sure: bool, clip: AnyArray) -> None:
        """A face of which only what lies in ``clip`` (4,) is seen."""
        box = face_boxes(points[None])[0]
        shown = within(points, clip).mean()
        if shown >= SHOWN and sure and side_of(box) >= SMALLEST_SIDE:
            self.faces.append(points)
        elif shown >= HINTED:
            self.ignored.append(box)

    def scene(self, luma: UInt8Array) -> Scene:
        """What is on the canvas, as it is seen in ``luma``: faces that are too dark are ignored."""
        points = np.array(self.faces, np.float32).reshape(-1, 68, 2)
        boxes = face_boxes(points) if len(points) else np.zeros((0, 4), np.float32)
        lit = np.array([_contrast(luma, box) >= LEAST_CONTRAST for box in boxes], bool)
        ignored = np.array(self.ignored, np.float32).reshape(-1, 4)
        ignored = np.concatenate([ignored, boxes[~lit]])
        return Scene(luma, boxes[lit], five_points(points[lit]), ignored)


def within(points: AnyArray, area: AnyArray) -> AnyArray:
    """Which of the points (n, 2) lie in ``area`` (4,), (n,) bool."""
    return np.asarray((points >= area[:2]).all(1) & (points <= area[2:]).all(1))


def side_of(box: AnyArray) -> float:
    """Side of the square as large as a box (4,), px."""
    return float(np.sqrt(np.prod(box[2:] - box[:2])))


def _contrast(luma: UInt8Array, box: AnyArray) -> float:
    """Standard deviation of the pixels in a box."""
    x0, y0, x1, y1 = np.maximum(box, 0).astype(int)
    return float(luma[y0 : y1 + 1, x0 : x1 + 1].std())
