"""Average precision of detections, as PASCAL VOC and WIDER FACE count it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prosopon.geometry import iou
from prosopon_eval.metrics import Array


def average_precision(recall: Array, precision: Array) -> float:
    """Area under precision over recall, each precision raised to the best at higher recall.

    recall, precision: (n,), by falling threshold. The rule of PASCAL VOC from 2010 on.
    """
    r = np.concatenate([[0.0], recall, [1.0]])
    p = np.concatenate([[0.0], precision, [0.0]])
    p = np.maximum.accumulate(p[::-1])[::-1]
    return float(np.sum(np.diff(r) * p[1:]))


def wider_average_precision(
    boxes: Sequence[Array],
    scores: Sequence[Array],
    truth: Sequence[Array],
    counted: Sequence[Array],
    steps: int = 1000,
) -> float:
    """AP at IoU 0.5 by the evaluation of WIDER FACE (Yang et al., CVPR 2016); NaN without faces.

    Of each picture: boxes (m, 4) and scores (m,) found, true boxes (n, 4) and which of them count,
    (n,) bool. Detections of a face that does not count are neither right nor wrong; a second one of
    a face that does is wrong. Scores are stretched to 0–1 over all pictures and cut at ``steps``
    thresholds. Boxes are x0 y0 x1 y1, and include their last pixel as the published code has it.
    """
    faces = int(sum(flags.sum() for flags in counted))
    if not faces:
        return float("nan")
    every = np.concatenate([np.asarray(s, np.float64).ravel() for s in scores])
    low = every.min() if len(every) else 0.0
    spread = (every.max() - low if len(every) else 0.0) or 1.0
    totals = np.zeros((steps, 2))  # proposals, faces found
    thresholds = 1 - np.arange(1, steps + 1) / steps
    for found, raw, true, flags in zip(boxes, scores, truth, counted, strict=True):
        if len(found) and len(true):
            order = np.argsort(-np.asarray(raw), kind="stable")
            level = (np.asarray(raw, np.float64)[order] - low) / spread
            proposals, hits = _wider_matches(np.asarray(found)[order], true, flags)
            kept = np.searchsorted(-level, -thresholds, side="right")
            some = kept > 0
            totals[some, 0] += proposals[kept[some] - 1]
            totals[some, 1] += hits[kept[some] - 1]
    precision = np.divide(totals[:, 1], totals[:, 0], out=np.zeros(steps), where=totals[:, 0] > 0)
    return average_precision(totals[:, 1] / faces, precision)


def _wider_matches(found: Array, true: Array, counted: Array) -> tuple[Array, Array]:
    """Proposals that count and faces found, after each of ``found`` (m, 4), best first: (m,)."""
    last = np.array([0, 0, 1, 1])
    overlaps = iou(found + last, true + last)
    seen = np.zeros(len(true), bool)
    proposals, hits = np.zeros(len(found)), np.zeros(len(found))
    for i, row in enumerate(overlaps):
        best = int(row.argmax())
        ignored = row[best] >= 0.5 and not counted[best]
        if row[best] >= 0.5 and counted[best]:
            seen[best] = True
        proposals[i], hits[i] = not ignored, seen.sum()
    return proposals.cumsum(), hits
