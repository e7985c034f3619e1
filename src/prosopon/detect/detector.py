"""The face detector: a luminance picture in, boxes, scores and five points out."""

from __future__ import annotations

import math
from typing import Any, Protocol

import cv2
import numpy as np

from prosopon.detect.cells import cell_centers, decode_cells, suppress
from prosopon.types import AnyArray, Detections, FloatArray, UInt8Array

INPUT = "luma"
_ALIGNMENT = 64  # the coarsest stride
_MOST_CANDIDATES = 1000  # a picture full of faces has fewer cells above the threshold


class Session(Protocol):
    """What the detector needs of an ``onnxruntime.InferenceSession``."""

    def run(self, output_names: Any, input_feed: dict[str, AnyArray]) -> list[AnyArray]:
        """Input INPUT (1, 1, h, w) uint8; one output (N_VALUES, cells) float32."""


class FaceDetector:
    """Finds faces from about 20 px to the whole frame, upright or turned in the picture.

    session: runs the detector network (see :class:`Session`).
    threshold: least score of a face, 0–1.
    nms: intersection over union above which the worse of two boxes is dropped.
    long_side: px; larger pictures are shrunk to it first, smaller ones are taken as they are.

    Boxes bound the 68 landmarks, the forehead included, and may reach out of the picture.
    An instance keeps buffers between calls, so each thread needs its own.
    """

    def __init__(
        self, session: Session, *, threshold: float, nms: float = 0.4, long_side: int = 640
    ) -> None:
        if not 0 < threshold < 1:
            raise ValueError(f"threshold: expected a number between 0 and 1, got {threshold}")
        if long_side < 1:
            raise ValueError(f"long_side: expected 1 or more, got {long_side}")
        self._session = session
        self._threshold = threshold
        self._logit = math.log(threshold / (1 - threshold))
        self._nms = nms
        self._long_side = long_side
        self._buffer: UInt8Array = np.zeros((0, 0), np.uint8)
        self._filled = (0, 0)
        self._centers: FloatArray = np.zeros((0, 2), np.float32)

    def __call__(self, luma: UInt8Array) -> Detections:
        """Faces of a (h, w) uint8 picture, best first, in its own pixels."""
        if luma.ndim != 2 or luma.dtype != np.uint8:
            raise ValueError(f"luma: expected (h, w) uint8, got {luma.shape} {luma.dtype}")
        picture, scale = self._fit(luma)
        (values,) = self._session.run(None, {INPUT: picture[None, None]})
        cells = np.flatnonzero(values[0] > self._logit)
        if len(cells) > _MOST_CANDIDATES:
            cells = cells[np.argsort(-values[0, cells])[:_MOST_CANDIDATES]]
        scores, boxes, points = decode_cells(values[:, cells], self._centers[cells])
        kept = suppress(boxes, scores, self._nms)
        return Detections(
            _to_image(boxes[kept].reshape(-1, 2, 2), scale).reshape(-1, 4),
            scores[kept],
            _to_image(points[kept], scale),
        )

    def _fit(self, luma: UInt8Array) -> tuple[UInt8Array, FloatArray]:
        """The picture at the network's size, black at right and below, and its (x, y) scale."""
        height, width = luma.shape
        shrink = min(1.0, self._long_side / max(height, width))
        h, w = max(1, round(height * shrink)), max(1, round(width * shrink))
        if self._filled != (h, w):
            self._filled = (h, w)
            self._buffer = np.zeros((_aligned(h), _aligned(w)), np.uint8)
            self._centers = cell_centers(*self._buffer.shape)
        target = self._buffer[:h, :w]
        if shrink == 1.0:
            target[:] = luma
        else:
            # Area averaging: small faces alias away under plain bilinear sampling.
            target[:] = cv2.resize(luma, (w, h), interpolation=cv2.INTER_AREA)
        return self._buffer, np.array([w / width, h / height], np.float32)


def _aligned(length: int) -> int:
    return -(-length // _ALIGNMENT) * _ALIGNMENT


def _to_image(points: FloatArray, scale: FloatArray) -> FloatArray:
    """Points (…, 2) of the shrunken picture in pixels of the original; centres at integers."""
    return np.asarray((points + 0.5) / scale - 0.5, np.float32)
