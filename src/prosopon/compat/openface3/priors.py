"""Prior boxes of RetinaFace, and from its raw values to faces (Deng et al., CVPR 2020)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from prosopon.types import AnyArray, FloatArray

STRIDES = (8, 16, 32)
SIDES = ((16, 32), (64, 128), (256, 512))  # px, of the two boxes of a cell at each stride
CENTER_VARIANCE, SIZE_VARIANCE = 0.1, 0.2


@lru_cache(maxsize=16)
def prior_boxes(height: int, width: int) -> FloatArray:
    """(priors, 4) float32: centre x, y, width, height as shares of a picture's width and height.

    Order: strides, rows, columns, sides. Computed once for each picture size; do not change it.
    """
    levels = []
    for stride, sides in zip(STRIDES, SIDES, strict=True):
        rows, columns = -(-height // stride), -(-width // stride)
        level = np.empty((rows, columns, len(sides), 4), np.float64)
        level[..., 0] = ((np.arange(columns) + 0.5) * stride / width)[None, :, None]
        level[..., 1] = ((np.arange(rows) + 0.5) * stride / height)[:, None, None]
        level[..., 2] = np.array(sides) / width
        level[..., 3] = np.array(sides) / height
        levels.append(level.reshape(-1, 4))
    boxes = np.concatenate(levels).astype(np.float32)
    boxes.setflags(write=False)
    return boxes


def decode(values: FloatArray, priors: FloatArray, size: tuple[int, int]) -> FloatArray:
    """Rows of the detector (n, 15) with their priors (n, 4) → faces (n, 15).

    A face: x0, y0, x1, y1, score, then x, y of right eye, left eye, nose and both mouth corners,
    in px of a picture of ``size`` (width, height).
    """
    center, extent = priors[:, :2], priors[:, 2:]
    scale = np.asarray(size, np.float32)
    faces = np.empty_like(values)
    middle = center + values[:, :2] * CENTER_VARIANCE * extent
    half = extent * np.exp(values[:, 2:4] * SIZE_VARIANCE) / 2
    faces[:, 0:2] = (middle - half) * scale
    faces[:, 2:4] = (middle + half) * scale
    faces[:, 4] = values[:, 4]
    points = values[:, 5:].reshape(-1, 5, 2) * CENTER_VARIANCE
    points = (center[:, None] + points * extent[:, None]) * scale
    faces[:, 5:] = points.reshape(-1, 10)
    return faces


def suppress(faces: FloatArray, threshold: float) -> AnyArray:
    """Rows of (n, ≥ 5) faces to keep, best first: greedy, by intersection over union.

    As OpenFace 3.0 does, a box counts its last pixel: sides are x1 − x0 + 1.
    """
    low, high = faces[:, :2], faces[:, 2:4]
    areas = np.prod(high - low + 1, axis=1)
    order = np.argsort(-faces[:, 4], kind="stable")
    kept = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        sides = np.minimum(high[rest], high[best]) - np.maximum(low[rest], low[best]) + 1
        common = np.prod(np.maximum(sides, 0), axis=1)
        order = rest[common / (areas[rest] + areas[best] - common) <= threshold]
    return np.array(kept, dtype=int)
