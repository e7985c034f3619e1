"""Faces turned and scaled to one place, as OpenFace writes them.

The similarity takes the landmarks that move with the skull to those of an average face, ``scale``
pixels a millimetre, whose middle comes to the middle of the picture; Umeyama, PAMI 1991. The mask
keeps what lies between the jaw and a line that far above the brows. OpenFace's average face is
its own; here it is the pack's, of the same size.
"""

from __future__ import annotations

import cv2
import numpy as np

from prosopon.types import AnyArray, UInt8Array

# Sides of the jaw, bridge and base of the nose, corners and lower lids of the eyes.
_RIGID = np.array(
    [1, 2, 3, 4, 12, 13, 14, 15, 27, 28, 29, 31, 32, 33, 34, 35, 36, 39, 40, 41, 42, 45, 46, 47]
)
_OUTLINE = np.array([*range(17), *range(26, 16, -1)])  # the jaw, then the brows from the left
_RAISED = np.array([0, 16, *range(17, 27)])
_FOREHEAD_MM = 30 / 0.7


class Aligner:
    """Cuts aligned faces out of pictures.

    face_shape: (68, 3) mm, the average face; scale: px a mm; size: side of the picture, px;
    masked: black outside of the face; grey: one channel in place of three.
    """

    def __init__(
        self, face_shape: AnyArray, scale: float, size: int, *, masked: bool, grey: bool
    ) -> None:
        self._target = (face_shape - face_shape.mean(axis=0))[:, :2] * scale + size // 2
        self._raise = _FOREHEAD_MM * scale
        self._masked, self._grey = masked, grey
        self.size = size

    def __call__(self, image: UInt8Array, landmarks: AnyArray) -> UInt8Array:
        """The face of ``landmarks`` (68, 2) px in ``image`` (h, w, 3) BGR: (size, size[, 3]).

        Black where the landmarks are not known.
        """
        if not np.isfinite(landmarks).all():
            return np.zeros((self.size, self.size, 3)[: 2 if self._grey else 3], np.uint8)
        matrix = similarity(landmarks[_RIGID], self._target[_RIGID])
        face = cv2.warpAffine(image, matrix, (self.size, self.size))
        if self._grey:
            face = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
        if self._masked:
            points = landmarks @ matrix[:, :2].T + matrix[:, 2]
            points[_RAISED, 1] -= self._raise
            mask = np.zeros((self.size, self.size), np.uint8)
            outline = np.clip(points[_OUTLINE], -1e4, 1e4)
            cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 255)
            face = cv2.bitwise_and(face, face, mask=mask)
        return np.asarray(face, np.uint8)


def similarity(source: AnyArray, target: AnyArray) -> AnyArray:
    """(2, 3): the rotation, scale and shift that take (n, 2) ``source`` nearest to ``target``."""
    origin, goal = source.mean(axis=0), target.mean(axis=0)
    x, y = (source - origin).T.astype(float)
    u, v = (target - goal).T.astype(float)
    size = max(float((x * x + y * y).sum()), 1e-9)
    a, b = (x * u + y * v).sum() / size, (x * v - y * u).sum() / size
    turn = np.array([[a, -b], [b, a]])
    return np.concatenate([turn, (goal - turn @ origin)[:, None]], axis=1)
