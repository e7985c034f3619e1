"""Faces and five points from YuNet, and the 68 points that they suggest.

YuNet finds every face of a photograph, the mesh teacher only one; its five points are turned into
68 by a linear map in the frame of the two eyes, fitted on photographs that people marked. That is
rough for landmarks and enough for a face box. (Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level
Face Detector", Machine Intelligence Research 2023; run through ``cv2.FaceDetectorYN``.)
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from prosopon.geometry import apply_affine, invert_similarity
from prosopon.types import AnyArray, FloatArray, UInt8Array

_LOWEST_SCORE = 0.3
_NMS_IOU = 0.3
_MOST_FACES = 200


class YuNet:
    """The teacher; calling it with a luminance or BGR picture gives the faces of it."""

    def __init__(self, model: Path) -> None:
        self._net = cv2.FaceDetectorYN.create(
            str(model), "", (320, 320), _LOWEST_SCORE, _NMS_IOU, _MOST_FACES
        )

    def __call__(
        self, image: UInt8Array, long_side: int, padding: float
    ) -> tuple[FloatArray, FloatArray]:
        """Points (n, 5, 2) in px of ``image`` and scores (n,).

        The picture is scaled to ``long_side``, then gets a grey border of ``padding`` times that
        (tight crops are found better so). Order of points: right eye, left eye, nose tip, right
        and left mouth corner of the subject.
        """
        if image.ndim == 2:
            image = np.repeat(image[:, :, None], 3, axis=2)
        scale = long_side / max(image.shape[:2])
        small = cv2.resize(image, None, fx=scale, fy=scale)
        border = round(padding * long_side)
        padded = cv2.copyMakeBorder(
            small, border, border, border, border, cv2.BORDER_CONSTANT, value=(90, 90, 90)
        )
        self._net.setInputSize((padded.shape[1], padded.shape[0]))
        _, faces = self._net.detect(padded)
        if faces is None:
            return np.zeros((0, 5, 2), np.float32), np.zeros(0, np.float32)
        points = (faces[:, 4:14].reshape(-1, 5, 2) - border + 0.5) / scale - 0.5
        return points.astype(np.float32), faces[:, 14].astype(np.float32)


@dataclass(frozen=True, slots=True)
class FivePointMap:
    """68 points from five, in the eye frame: weights (11, 136), the last row is the bias."""

    weights: FloatArray


def eye_frame(five: AnyArray) -> FloatArray:
    """(n, 2, 3) similarities that take the right eye to (−½, 0) and the left one to (½, 0)."""
    axis = five[:, 1] - five[:, 0]
    squared = np.maximum((axis**2).sum(1), 1e-6)
    cos, sin = axis[:, 0] / squared, axis[:, 1] / squared
    out = np.empty((len(five), 2, 3), np.float32)
    out[:, 0, 0] = out[:, 1, 1] = cos
    out[:, 0, 1] = sin
    out[:, 1, 0] = -sin
    center = (five[:, 0] + five[:, 1])[:, :, None] / 2
    out[:, :, 2] = -(out[:, :, :2] @ center)[:, :, 0]
    return out


def fit(five: AnyArray, landmarks: AnyArray, ridge: float = 1e-2) -> FivePointMap:
    """The map fitted on five (n, 5, 2) and landmarks (n, 68, 2) px of the same faces."""
    frame = eye_frame(five)
    inputs = _inputs(frame, five)
    target = apply_affine(frame, landmarks).reshape(len(five), -1)
    gram = inputs.T @ inputs + ridge * np.eye(inputs.shape[1])
    return FivePointMap(np.linalg.solve(gram, inputs.T @ target).astype(np.float32))


def landmarks_68(five_map: FivePointMap, five: AnyArray) -> FloatArray:
    """(n, 5, 2) px → (n, 68, 2) px."""
    frame = eye_frame(five)
    points = (_inputs(frame, five) @ five_map.weights).reshape(-1, 68, 2)
    return apply_affine(invert_similarity(frame), points).astype(np.float32)


def _inputs(frame: AnyArray, five: AnyArray) -> AnyArray:
    points = apply_affine(frame, five).reshape(len(five), 10)
    return np.concatenate([points, np.ones((len(five), 1))], axis=1)
