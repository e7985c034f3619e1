"""What stands behind the faces of a training picture: photographs without faces, and textures."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from prosopon.types import UInt8Array
from prosopon_train.data.textures import texture
from prosopon_train.data.warps import similarity


class Grounds:
    """Makes backgrounds of any size from ``photographs`` (h, w) without faces."""

    def __init__(self, photographs: Sequence[UInt8Array], generator: np.random.Generator) -> None:
        self._photographs = photographs
        self._rng = generator

    def __call__(self, height: int, width: int) -> UInt8Array:
        """A texture, four photographs side by side or, mostly, one."""
        rng = self._rng
        kind = rng.random()
        if kind < 0.14 or not self._photographs:
            return texture(height, width, rng)
        if kind < 0.26 and min(height, width) >= 64:
            y, x = int(rng.uniform(0.25, 0.75) * height), int(rng.uniform(0.25, 0.75) * width)
            top = np.hstack([self._photograph(y, x), self._photograph(y, width - x)])
            low = [self._photograph(height - y, x), self._photograph(height - y, width - x)]
            return np.vstack([top, np.hstack(low)])
        return self._photograph(height, width)

    def _photograph(self, height: int, width: int) -> UInt8Array:
        rng = self._rng
        source = self._photographs[int(rng.integers(len(self._photographs)))]
        if rng.random() < 0.5:
            source = source[:, ::-1]
        cover = max(height / source.shape[0], width / source.shape[1])
        scale = cover * np.exp(rng.choice([0.0, rng.uniform(-0.5, 1.1)], p=[0.3, 0.7]))
        angle = rng.normal(0, 0.15) if rng.random() < 0.4 else 0.0
        at = rng.uniform(0.2, 0.8, 2) * source.shape[::-1]
        matrix = similarity(at, np.array([width / 2, height / 2]), scale, angle)
        luma = cv2.warpAffine(
            np.ascontiguousarray(source),
            matrix,
            (width, height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        return np.asarray(luma, np.uint8)
