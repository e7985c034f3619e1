"""Cuts: where the picture changes at once, and places say nothing any more."""

from __future__ import annotations

import cv2
import numpy as np

from prosopon.types import FloatArray, UInt8Array

_CELLS = (24, 14)  # of the small picture, across and down
_SAMPLED = (_CELLS[0] * 4, _CELLS[1] * 4)
LIKE = 0.5
"""Correlation with the picture before, below which there was a cut."""
CHANGE = 10.0
"""Grey levels that the cells must change by on average."""


def cells_of(luma: UInt8Array) -> UInt8Array:
    """A frame (h, w) as (14, 24) grey levels: all that a :class:`CutFinder` sees of it."""
    # Single pixels of the picture, averaged: the whole of a large one would take too long.
    sampled = cv2.resize(luma, _SAMPLED, interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.resize(sampled, _CELLS, interpolation=cv2.INTER_AREA))


class CutFinder:
    """Compares each frame with the one before, on some 5,000 of its pixels."""

    def __init__(self) -> None:
        self._before: FloatArray | None = None

    def __call__(self, small: UInt8Array) -> bool:
        """Whether a frame, by its ``cells_of``, is of another shot than the one before."""
        cells = small.astype(np.float32)
        before, self._before = self._before, cells
        if before is None:
            return False
        a, b = cells - cells.mean(), before - before.mean()
        like = float((a * b).sum() / max(float(np.sqrt((a * a).sum() * (b * b).sum())), 1e-6))
        return like < LIKE and float(np.abs(cells - before).mean()) > CHANGE
