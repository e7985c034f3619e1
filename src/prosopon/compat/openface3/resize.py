"""Bilinear resizing that averages when it shrinks, as torchvision and Pillow do."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from prosopon.types import FloatArray


@lru_cache(maxsize=256)
def _weights(source: int, target: int) -> FloatArray:
    """(target, source): what each new pixel takes of the old ones; rows sum to 1.

    A triangle around the new pixel's centre, as wide as the new pixel, at least one old pixel.
    """
    scale = source / target
    reach = max(scale, 1.0)
    centers = (np.arange(target)[:, None] + 0.5) * scale
    distance = np.abs(np.arange(source)[None] + 0.5 - centers)
    weights = np.maximum(1 - distance / reach, 0)
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float32)


def resize_bilinear(picture: FloatArray, size: int) -> FloatArray:
    """(h, w, 3) → (3, size, size) float32."""
    height, width = picture.shape[:2]
    rows = _weights(height, size) @ picture.reshape(height, -1)
    planes = rows.reshape(size, width, 3).transpose(2, 0, 1)
    return np.asarray(planes @ _weights(width, size).T, np.float32)
