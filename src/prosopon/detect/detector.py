"""The face detector: a luminance picture in, boxes, scores and five points out."""

from __future__ import annotations

import math
from typing import Any, Protocol

import cv2
import numpy as np

from prosopon.detect.cells import cell_centers, decode_cells, suppress
from prosopon.geometry import iou
from prosopon.types import AnyArray, Detections, FloatArray, UInt8Array

INPUT = "luma"
SURE = 0.9  # a score from here on is believed
DOUBTFUL = 0.35  # from here on, a second look decides
_ALIGNMENT = 64  # the coarsest stride
_MOST_CANDIDATES = 1000  # a picture full of faces has fewer cells above DOUBTFUL
_MOST_LOOKS = 16
_LOOK_SIZE = 192  # px
_LOOK_WIDTH = 2.0  # sides of the face's box
_SAME_FACE = 0.4  # IoU
_LEAST_SCORE = 1e-3
_FARTHER = 3  # the second search is at this part of the size


class Session(Protocol):
    """What the detector needs of an ``onnxruntime.InferenceSession``."""

    def run(self, output_names: Any, input_feed: dict[str, AnyArray]) -> list[AnyArray]:
        """Input INPUT (1, 1, h, w) uint8; one output (N_VALUES, cells) float32."""


class _Canvas:
    """Pictures at the detector's size; its buffer is kept while they are all of one size."""

    def __init__(self, long_side: int) -> None:
        self.long_side = long_side
        self._buffer: UInt8Array = np.zeros((0, 0), np.uint8)
        self._filled = (0, 0)
        self.centers: FloatArray = np.zeros((0, 2), np.float32)

    def fit(self, luma: UInt8Array) -> tuple[UInt8Array, FloatArray]:
        """The picture at the network's size, black at right and below, and its (x, y) scale."""
        height, width = luma.shape
        shrink = min(1.0, self.long_side / max(height, width))
        h, w = max(1, round(height * shrink)), max(1, round(width * shrink))
        if self._filled != (h, w):
            self._filled = (h, w)
            self._buffer = np.zeros((_aligned(h), _aligned(w)), np.uint8)
            self.centers = cell_centers(*self._buffer.shape)
        target = self._buffer[:h, :w]
        if shrink == 1.0:
            target[:] = luma
        else:
            # Area averaging: small faces alias away under plain bilinear sampling.
            target[:] = cv2.resize(luma, (w, h), interpolation=cv2.INTER_AREA)
        return self._buffer, np.array([w / width, h / height], np.float32)


class FaceDetector:
    """Finds faces from about 20 px to the whole frame, upright or turned in the picture.

    session: runs the detector network (see :class:`Session`).
    threshold: least score of a face, 0–1.
    nms: intersection over union above which the worse of two boxes is dropped.
    long_side: px; larger pictures are shrunk to it first, smaller ones are taken as they are.

    Where nothing is found, the picture is searched again at a third of that: a face that fills it
    and is half hidden, by hair or by a hand, is found more easily when it is small.

    What looks like a face at one scale only is mostly none: faces that are not SURE are cut out of
    the picture, brought to one size and looked at again, as they are and mirrored; the mean of the
    three logits is their score.
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
        self._nms = nms
        self._near, self._far = _Canvas(long_side), _Canvas(max(1, long_side // _FARTHER))
        self._look_centers = cell_centers(_LOOK_SIZE, _LOOK_SIZE)

    def __call__(self, luma: UInt8Array) -> Detections:
        """Faces of a (h, w) uint8 picture, best first, in its own pixels."""
        if luma.ndim != 2 or luma.dtype != np.uint8:
            raise ValueError(f"luma: expected (h, w) uint8, got {luma.shape} {luma.dtype}")
        found = self._search(luma, self._near)
        if not len(found.scores) and max(luma.shape) > self._far.long_side:
            found = self._search(luma, self._far)
        return found

    def _search(self, luma: UInt8Array, canvas: _Canvas) -> Detections:
        picture, scale = canvas.fit(luma)
        scores, boxes, points = self._run(picture, canvas.centers, min(DOUBTFUL, self._threshold))
        kept = suppress(boxes, scores, self._nms)
        found = Detections(
            _to_image(boxes[kept].reshape(-1, 2, 2), scale).reshape(-1, 4),
            scores[kept],
            _to_image(points[kept], scale),
        )
        doubtful = np.flatnonzero(found.scores < SURE)
        if not len(doubtful) and self._threshold <= SURE:
            return found
        for index in doubtful[:_MOST_LOOKS]:
            self._look_again(luma, found, index)
        found.scores[doubtful[_MOST_LOOKS:]] = 0
        kept = suppress(found.boxes, found.scores, self._nms)
        kept = kept[found.scores[kept] >= self._threshold]
        return Detections(found.boxes[kept], found.scores[kept], found.points[kept])

    def _run(
        self, picture: UInt8Array, centers: FloatArray, least: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Scores, boxes and points of the cells that score ``least`` or more, unsuppressed."""
        (values,) = self._session.run(None, {INPUT: picture[None, None]})
        cells = np.flatnonzero(values[0] >= _logit(least))
        if len(cells) > _MOST_CANDIDATES:
            cells = cells[np.argsort(-values[0, cells])[:_MOST_CANDIDATES]]
        return decode_cells(values[:, cells], centers[cells])

    def _look_again(self, luma: UInt8Array, found: Detections, index: int) -> None:
        """Cut face ``index`` out, run on the cut, and put the outcome in the face's place."""
        box = found.boxes[index]
        side = _LOOK_WIDTH * math.sqrt(float(np.prod(box[2:] - box[:2])))
        cut, scale, offset = _cut(luma, ((box[:2] + box[2:]) - side) / 2, side)
        target = ((box.reshape(2, 2) - offset + 0.5) * scale - 0.5).reshape(4)
        mirrored = target.copy()
        mirrored[[0, 2]] = _LOOK_SIZE - 1 - target[[2, 0]]
        score, boxes, points = self._nearest(cut, target)
        mirror_score, _, _ = self._nearest(np.ascontiguousarray(cut[:, ::-1]), mirrored)
        found.scores[index] = _mean_score(found.scores[index], score, mirror_score)
        if len(boxes):
            found.boxes[index] = (_to_image(boxes.reshape(2, 2), scale) + offset).reshape(4)
            found.points[index] = _to_image(points[0], scale) + offset

    def _nearest(self, cut: UInt8Array, target: AnyArray) -> tuple[float, FloatArray, FloatArray]:
        """Score, box (1, 4) and points (1, 5, 2) of the best face at ``target`` (4,) of a cut.

        Where there is none the score is _LEAST_SCORE and the arrays are empty.
        """
        scores, boxes, points = self._run(cut, self._look_centers, _LEAST_SCORE)
        same = np.flatnonzero(iou(boxes, target[None])[:, 0] >= _SAME_FACE)
        best = same[scores[same].argsort()[-1:]]
        return max([_LEAST_SCORE, *scores[best].tolist()]), boxes[best], points[best]


def _cut(
    luma: UInt8Array, low: FloatArray, side: float
) -> tuple[UInt8Array, FloatArray, FloatArray]:
    """The square of ``side`` px at ``low`` (x, y), at _LOOK_SIZE; black outside the picture.

    Returns the cut, the scale and the offset that lead back:
    image = (cut + ½) / scale − ½ + offset.
    """
    start = np.round(low).astype(int)
    length = max(1, math.ceil(side))
    x0, y0 = np.maximum(start, 0)
    x1, y1 = np.minimum(start + length, luma.shape[::-1])
    cut = np.zeros((_LOOK_SIZE, _LOOK_SIZE), np.uint8)
    scale = _LOOK_SIZE / length
    left, top = round((x0 - start[0]) * scale), round((y0 - start[1]) * scale)
    w = min(_LOOK_SIZE - left, max(1, round((x1 - x0) * scale)))
    h = min(_LOOK_SIZE - top, max(1, round((y1 - y0) * scale)))
    if x1 > x0 and y1 > y0:
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        cut[top : top + h, left : left + w] = cv2.resize(
            luma[y0:y1, x0:x1], (w, h), interpolation=how
        )
    return cut, np.array([scale, scale], np.float32), start.astype(np.float32)


def _aligned(length: int) -> int:
    return -(-length // _ALIGNMENT) * _ALIGNMENT


def _logit(score: float) -> float:
    return math.log(score / (1 - score))


def _mean_score(*scores: float) -> float:
    """The score whose logit is the mean of the others'."""
    bounded = np.clip(scores, _LEAST_SCORE, 1 - _LEAST_SCORE)
    return float(1 / (1 + np.exp(-np.log(bounded / (1 - bounded)).mean())))


def _to_image(points: FloatArray, scale: FloatArray) -> FloatArray:
    """Points (…, 2) of a scaled picture in pixels of the original; centres at integers."""
    return np.asarray((points + 0.5) / scale - 0.5, np.float32)
