"""Moving and blending pieces of pictures. Matrices are (2, 3), from the piece to where it goes."""

from __future__ import annotations

import cv2
import numpy as np

from prosopon.types import AnyArray, UInt8Array


def similarity(start: AnyArray, target: AnyArray, scale: float, angle: float) -> AnyArray:
    """``start`` goes to ``target``; clockwise turns are positive."""
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]])
    return np.concatenate([linear, (target - linear @ start)[:, None]], axis=1)


def mirroring(center: AnyArray) -> AnyArray:
    """(3, 3): right and left exchange about ``center``; goes before another matrix."""
    return np.array([[-1, 0, 2 * center[0]], [0, 1, 0], [0, 0, 1]], float)


def framing(box: AnyArray, side: int) -> AnyArray:
    """The box (4,) fills a square of ``side`` px."""
    scale = side / (box[2:] - box[:2])
    return np.array([[scale[0], 0, -scale[0] * box[0]], [0, scale[1], -scale[1] * box[1]]])


def transform(points: AnyArray, matrix: AnyArray) -> AnyArray:
    """Points (..., 2) where the matrix puts them."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def warp(
    luma: UInt8Array, matrix: AnyArray, size: tuple[int, int], border: int = cv2.BORDER_REPLICATE
) -> UInt8Array:
    """Affine warp to ``size`` (w, h) that shrinks by area first: small faces are not aliased."""
    scale = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    if scale < 0.6:
        h, w = luma.shape
        small = cv2.resize(
            luma,
            (max(round(w * scale * 1.3), 4), max(round(h * scale * 1.3), 4)),
            interpolation=cv2.INTER_AREA,
        )
        matrix = matrix.copy()
        matrix[:, :2] = matrix[:, :2] @ np.diag([w / small.shape[1], h / small.shape[0]])
        luma = np.asarray(small, np.uint8)
    warped = cv2.warpAffine(luma, matrix, size, flags=cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(warped, np.uint8)


def blend(below: UInt8Array, above: UInt8Array, mask: UInt8Array) -> None:
    """Lay ``above`` over ``below`` in place, as much as ``mask`` (0–255) says."""
    weight = mask.astype(np.float32) * (1 / 255)
    below[:] = below + (above.astype(np.float32) - below) * weight + 0.5
