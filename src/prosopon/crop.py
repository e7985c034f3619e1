"""From face positions to the network's input, and back.

A crop is an upright square: the face is turned so that the line from mouth to eyes points up, and
the larger extent of its 68 points takes 1/CROP_SCALE of the side.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from prosopon.geometry import square_similarity
from prosopon.types import Crops, FloatArray, UInt8Array

CROP_SCALE = 1.35
FOREHEAD = 0.25  # the face box reaches this share of the points' height above them

# Weights of the landmarks in the vector from the mouth's corners to the eyes.
_UP = np.zeros(68, dtype=np.float32)
_UP[36:48] = 1 / 12
_UP[[48, 54]] = -1 / 2


@dataclass(frozen=True, slots=True)
class CropBatch:
    """Network input with what was seen while cutting it.

    tensor: (n, 1, s, s) float32, each crop (x − mean) / (std + 8);
    contrast: (n,) standard deviation of the luminance, 0–127;
    sharpness: (n,) variance of the Laplacian over the variance of the luminance.
    """

    tensor: FloatArray
    contrast: FloatArray
    sharpness: FloatArray


def from_landmarks(landmarks: FloatArray, size: int, scale: float = CROP_SCALE) -> Crops:
    """Crops around landmarks (n, 68, 2) px; scale: their side in larger extents of the points."""
    up = _UP @ landmarks
    angles = np.arctan2(up[:, 0], -up[:, 1])
    turns = np.empty((len(landmarks), 2, 2), dtype=np.float32)
    turns[:, 0, 0] = turns[:, 1, 1] = np.cos(angles)
    turns[:, 1, 0] = np.sin(angles)
    turns[:, 0, 1] = -turns[:, 1, 0]
    upright = landmarks @ turns
    low, high = upright.min(1), upright.max(1)
    centers = (turns @ ((low + high) / 2)[:, :, None])[:, :, 0]
    sides = np.maximum(scale * (high - low).max(1), 1e-3)
    return Crops(square_similarity(centers, sides, angles, size), angles, size)


def from_boxes(boxes: FloatArray, size: int, points: FloatArray | None = None) -> Crops:
    """Crops from face boxes (n, 4), which reach from forehead to chin.

    points (n, 5, 2): eyes, nose, mouth corners; tell the in-plane rotation, taken as 0 without.
    """
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    centers = (boxes[:, :2] + boxes[:, 2:]) / 2
    if points is None:
        up = np.tile(np.array([0.0, -1.0], dtype=np.float32), (len(boxes), 1))
    else:
        up = points[:, :2].mean(1) - points[:, 3:].mean(1)
        up = up / np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-6)
    face_height = height / (1 + FOREHEAD)
    centers = centers - up * (FOREHEAD / 2 * face_height)[:, None]
    angles = np.arctan2(up[:, 0], -up[:, 1])
    sides = np.maximum(CROP_SCALE * np.maximum(width, face_height), 1.0)
    return Crops(square_similarity(centers, sides, angles, size), angles, size)


def face_boxes(landmarks: FloatArray) -> FloatArray:
    """(n, 68, 2) → (n, 4): upright bounding box of the points with the forehead added."""
    low, high = landmarks.min(1), landmarks.max(1)
    low[:, 1] -= FOREHEAD * (high[:, 1] - low[:, 1])
    return np.concatenate([low, high], axis=1)


def cut(luma: UInt8Array, crops: Crops) -> CropBatch:
    """Cut crops from a luminance plane (h, w) uint8 and standardise them."""
    n, size = len(crops), crops.size
    tensor = np.empty((n, 1, size, size), dtype=np.float32)
    contrast, sharpness = np.empty(n, np.float32), np.empty(n, np.float32)
    for i in range(n):
        patch = _warp(luma, crops.matrices[i], size)
        mean, deviation = cv2.meanStdDev(patch)
        spread = float(deviation[0, 0])
        scale = 1.0 / (spread + 8.0)
        np.multiply(patch, np.float32(scale), out=tensor[i, 0])
        tensor[i, 0] -= np.float32(float(mean[0, 0]) * scale)
        edges = cv2.meanStdDev(cv2.Laplacian(patch, cv2.CV_16S))[1]
        contrast[i] = spread
        sharpness[i] = (float(edges[0, 0]) / (spread + 8.0)) ** 2
    return CropBatch(tensor, contrast, sharpness)


def _warp(luma: UInt8Array, matrix: FloatArray, size: int) -> UInt8Array:
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    shrink = int(1 / scale)
    if shrink >= 2:
        # Bilinear sampling would skip pixels: average blocks of the region first.
        luma, matrix = _shrink_region(luma, matrix, size, shrink)
    patch = cv2.warpAffine(
        luma, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(patch, dtype=np.uint8)


def _shrink_region(
    luma: UInt8Array, matrix: FloatArray, size: int, factor: int
) -> tuple[UInt8Array, FloatArray]:
    inverse = cv2.invertAffineTransform(matrix)
    corners = np.array([[-1, -1], [size, -1], [-1, size], [size, size]], np.float32)
    corners = corners @ inverse[:, :2].T + inverse[:, 2]
    height, width = luma.shape
    # The region's part inside the picture, at least one block wide; whole blocks only.
    x0, y0 = np.clip(np.floor(corners.min(0)), 0, [max(width - factor, 0), max(height - factor, 0)])
    x1, y1 = np.clip(np.ceil(corners.max(0)) + 1, [x0 + factor, y0 + factor], [width, height])
    columns, rows = max(int(x1 - x0) // factor, 1), max(int(y1 - y0) // factor, 1)
    region = luma[int(y0) : int(y0) + rows * factor, int(x0) : int(x0) + columns * factor]
    small = cv2.resize(region, (columns, rows), interpolation=cv2.INTER_AREA)
    # Small pixel (i, j) has its centre at (i + ½)·factor − ½ of the region.
    matrix = matrix.copy()
    offset = np.array([x0 + (factor - 1) / 2, y0 + (factor - 1) / 2], dtype=np.float32)
    matrix[:, 2] += matrix[:, :2] @ offset
    matrix[:, :2] *= factor
    return np.asarray(small, dtype=np.uint8), matrix
