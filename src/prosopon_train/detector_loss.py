"""Which cells answer for which face, and the detector's loss.

A face belongs to the levels whose range its size falls into (ranges overlap); there the cells near
its middle answer for it. Scores learn, beside that a face is there, the overlap of the predicted
with the true box (quality focal loss, Li et al., NeurIPS 2020), so that the best box survives
non-maximum suppression; a face whose box is poor still counts at least LEAST_TARGET.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from prosopon.detect.cells import cell_centers
from prosopon.types import AnyArray, FloatArray
from prosopon_train.data.scene import Scene
from prosopon_train.model.detector import STRIDES, decode

# Side of a face (geometric mean of its box, px) that each stride answers for.
LEVEL_RANGES = ((0.0, 40.0), (28.0, 96.0), (72.0, 208.0), (160.0, 1e9))
NEGATIVE, IGNORED = -1, -2
LEAST_TARGET = 0.5
_RANGE_MARGIN = 1.4  # levels this far out of range are neither rewarded nor punished
_POSITIVE_RADIUS = 0.17  # of the box's sides, from its middle
_POSITIVE_STRIDES = 0.7  # or this many strides, if that is more
_IGNORED_RADIUS = 0.35


def cell_levels(height: int, width: int) -> npt.NDArray[np.int64]:
    """The level of each cell, in the order of ``decode``: (cells,)."""
    counts = [(height // stride) * (width // stride) for stride in STRIDES]
    return np.repeat(np.arange(len(STRIDES)), counts)


def assign(
    truth: Scene, centers: FloatArray, levels: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """For every cell the index of the face it answers for, NEGATIVE or IGNORED: (cells,)."""
    labels = np.full(len(centers), NEGATIVE)
    for x0, y0, x1, y1 in truth.ignored:
        inside = (centers[:, 0] >= x0) & (centers[:, 0] <= x1)
        inside &= (centers[:, 1] >= y0) & (centers[:, 1] <= y1)
        labels[inside] = IGNORED
    low, high = np.array(LEVEL_RANGES).T[:, levels]
    reach = _POSITIVE_STRIDES * np.array(STRIDES)[levels][:, None]
    sizes = truth.boxes[:, 2:] - truth.boxes[:, :2]
    sides = np.sqrt(sizes.prod(1))
    middles = (truth.boxes[:, 2:] + truth.boxes[:, :2]) / 2
    positives = []
    for index in np.argsort(-sides):  # the smaller face wins a contested cell
        distance = np.abs(centers - middles[index])
        near = (distance / sizes[index]).max(1)
        central = (distance <= np.maximum(_POSITIVE_RADIUS * sizes[index], reach)).all(1)
        side = sides[index]
        close_range = (side >= low / _RANGE_MARGIN) & (side <= high * _RANGE_MARGIN)
        labels[close_range & (near <= _IGNORED_RADIUS)] = IGNORED
        in_range = (side >= low) & (side <= high)
        positive = in_range & central
        for level in np.unique(levels[in_range]):  # at least the nearest cell of each level
            cells = np.flatnonzero(levels == level)
            positive[cells[near[cells].argmin()]] = True
        positives.append((index, positive))
    for index, positive in positives:
        labels[positive] = index
    return labels


def giou(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """IoU and generalised IoU of paired boxes (n, 4) (Rezatofighi et al., CVPR 2019)."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    intersection = (high - low).clamp(min=0).prod(1)
    union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - intersection
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1)
    iou = intersection / union.clamp(min=1e-6)
    return iou, iou - (hull - union) / hull.clamp(min=1e-6)


def detector_loss(maps: list[Tensor], truths: list[Scene]) -> dict[str, Tensor]:
    """Means of the three parts over the faces' cells: ``score``, ``box``, ``points``."""
    logits, boxes, points = decode([values.float() for values in maps])
    height, width = maps[0].shape[2] * STRIDES[0], maps[0].shape[3] * STRIDES[0]
    centers, levels = cell_centers(height, width), cell_levels(height, width)
    labels = np.stack([assign(truth, centers, levels) for truth in truths])
    rows, cells = np.nonzero(labels >= 0)
    n = max(len(rows), 1)
    true_boxes = _gather([t.boxes for t in truths], rows, labels[rows, cells], (4,))
    true_points = _gather([t.points for t in truths], rows, labels[rows, cells], (5, 2))
    overlap, generalised = giou(boxes[rows, cells], true_boxes)
    side = (true_boxes[:, 2:] - true_boxes[:, :2]).prod(1).sqrt()
    offset = (points[rows, cells] - true_points) / side[:, None, None]
    target = torch.zeros_like(logits)
    target[rows, cells] = LEAST_TARGET + (1 - LEAST_TARGET) * overlap.detach().clamp(0, 1)
    weight = torch.from_numpy(labels != IGNORED) * (target - logits.sigmoid()).detach().square()
    score = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return {
        "score": (score * weight).sum() / n,
        "box": (1 - generalised).sum() / n,
        "points": offset.abs().mean((1, 2)).sum() / n,
    }


def _gather(
    values: list[FloatArray], rows: AnyArray, faces: AnyArray, shape: tuple[int, ...]
) -> Tensor:
    starts = np.cumsum([0] + [len(v) for v in values])[:-1]
    flat = np.concatenate(values).astype(np.float32).reshape(-1, *shape)
    return torch.from_numpy(flat[starts[rows] + faces])
