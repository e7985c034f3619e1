"""Boxes (n, 4), x0 y0 x1 y1 px, around landmarks, and how they cover each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from prosopon.geometry import iou
from prosopon.types import FloatArray


def bounds(landmarks: FloatArray) -> FloatArray:
    """Bounding boxes of points (n, k, 2)."""
    return np.concatenate([landmarks.min(1), landmarks.max(1)], axis=1)


def areas(boxes: FloatArray) -> FloatArray:
    """(n,) px²."""
    return np.asarray(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))


def covered(boxes: FloatArray) -> FloatArray:
    """(n, n): the share of the smaller of two boxes that lies in the other."""
    sizes = areas(boxes)
    overlaps = iou(boxes, boxes)
    shared = overlaps * (sizes[:, None] + sizes) / (1 + overlaps)
    return np.asarray(shared / np.maximum(np.minimum(sizes[:, None], sizes), 1e-6))


def inside(point: FloatArray, boxes: FloatArray) -> npt.NDArray[np.bool_]:
    """(n,): whether the point (2,) is in each box."""
    return np.asarray(((point > boxes[:, :2]) & (point < boxes[:, 2:])).all(1))
