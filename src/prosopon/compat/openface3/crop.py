"""The landmark network's crop, to the last bit as OpenFace 3.0 cuts it.

It calls OpenCV 4's bilinear warp, which rounds places to 1/32 px and values to integers; OpenCV 5
rounds neither. The network passes the difference on, up to a pixel on faint landmarks, so the warp
is written out here: a shrinking or enlarging along rows and columns, with black outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prosopon.types import AnyArray, FloatArray, UInt8Array

SIZE = 256  # px, side of the network's input
CROP_SCALE = 1.05  # side of the crop, in units of the box's shorter side
_STEPS = 32  # places that a pixel is divided into


@dataclass(frozen=True, slots=True)
class SquareCrop:
    """The region with crop px = ``scale`` · image px + ``shift`` (x, y)."""

    scale: np.float32
    shift: FloatArray

    @classmethod
    def around(cls, box: AnyArray) -> SquareCrop:
        """The crop of a face's box x0, y0, x1, y1 px, whose corners are cut down to integers."""
        x0, y0, x1, y1 = (int(value) for value in box[:4])
        # The original divides by zero where a box is thinner than a pixel.
        scale = SIZE / (max(min(x1 - x0, y1 - y0), 1) * CROP_SCALE)
        center = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
        shift = (SIZE - 1) / 2 - scale * center
        return cls(np.float32(scale), shift.astype(np.float32))

    def cut(self, picture: UInt8Array) -> FloatArray:
        """(h, w, 3) uint8 → (1, 3, 256, 256) float32 from -1 to 1."""
        (x0, left, right), (y0, top, bottom) = self._taps(0), self._taps(1)
        region = _region(picture, x0, y0, int(right.index[-1]) + 1, int(bottom.index[-1]) + 1)
        rows = region[top.index] * top.weight[:, None, None]
        rows += region[bottom.index] * bottom.weight[:, None, None]
        values = rows[:, left.index] * left.weight[:, None]
        values += rows[:, right.index] * right.weight[:, None]
        half = _STEPS**2 // 2
        pixels = ((values + half) // _STEPS**2).astype(np.float32)
        return np.ascontiguousarray((pixels / 255 * 2 - 1).transpose(2, 0, 1)[None])

    def to_image(self, points: FloatArray) -> FloatArray:
        """Points of the crop (…, 2) px in the picture."""
        return np.asarray((points - self.shift) / self.scale, np.float32)

    def _taps(self, axis: int) -> tuple[int, _Tap, _Tap]:
        """First source pixel along an axis, and the two that each crop pixel is blended of."""
        scale, shift = float(self.scale), float(self.shift[axis])
        places = np.rint((np.arange(SIZE) - shift) / scale * _STEPS).astype(np.int32)
        index, part = places // _STEPS, places % _STEPS
        first = int(index[0])
        return first, _Tap(index - first, _STEPS - part), _Tap(index - first + 1, part)


@dataclass(frozen=True, slots=True)
class _Tap:
    """For each crop pixel a pixel of the region and its weight, out of _STEPS."""

    index: AnyArray
    weight: AnyArray


def _region(picture: UInt8Array, x0: int, y0: int, width: int, height: int) -> AnyArray:
    """Pixels from (x0, y0) on as (height, width, 3) int32, black outside the picture."""
    region = np.zeros((height, width, 3), np.int32)
    top, left = max(y0, 0), max(x0, 0)
    inside = picture[top : max(y0 + height, 0), left : max(x0 + width, 0)]
    rows, columns = inside.shape[:2]
    region[top - y0 : top - y0 + rows, left - x0 : left - x0 + columns] = inside
    return region
