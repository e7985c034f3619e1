"""From the detector's raw values to boxes and points.

The network answers for a grid of cells at four strides (FCOS, Tian et al., ICCV 2019): a
column of N_VALUES numbers each, level by level and row by row.
"""

from __future__ import annotations

import cv2
import numpy as np

from prosopon.types import AnyArray, FloatArray

STRIDES = (8, 16, 32, 64)
N_VALUES = 15  # logit; centre x, y; log half width, height; five points x, y: all from the cell, px
_LARGEST_LOG_HALF = 9.0  # a wild value must not overflow


def cell_centers(height: int, width: int) -> FloatArray:
    """Centres of all cells of a picture whose sides 64 divides: (cells, 2) px, (x, y)."""
    levels = []
    for stride in STRIDES:
        x = (np.arange(width // stride, dtype=np.float32) + 0.5) * stride - 0.5
        y = (np.arange(height // stride, dtype=np.float32) + 0.5) * stride - 0.5
        levels.append(np.stack(np.meshgrid(x, y), axis=2).reshape(-1, 2))
    return np.concatenate(levels)


def decode_cells(
    values: AnyArray, centers: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Scores (n,) in 0–1, boxes (n, 4) px and points (n, 5, 2) px of n cells.

    values: (N_VALUES, n), the network's columns; centers: (n, 2), those cells' centres.
    """
    scores = 1 / (1 + np.exp(-np.clip(values[0], -30, 30)))
    middle = centers + values[1:3].T
    half = np.exp(np.minimum(values[3:5].T, _LARGEST_LOG_HALF))
    boxes = np.concatenate([middle - half, middle + half], axis=1)
    points = values[5:].T.reshape(-1, 5, 2) + centers[:, None]
    return scores.astype(np.float32), boxes.astype(np.float32), points.astype(np.float32)


def suppress(boxes: FloatArray, scores: FloatArray, overlap: float) -> AnyArray:
    """Indices of the boxes that stay, best first: greedy non-maximum suppression.

    A box goes when its intersection over union with a better one exceeds ``overlap``.
    """
    corners_and_sizes = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxes(corners_and_sizes.tolist(), scores.tolist(), 0.0, overlap)
    return np.asarray(kept, np.int64).reshape(-1)
