"""The pixels of a decoded video frame: its luminance plane, its colours, turned upright.

Luminance is the decoder's own Y plane, uncopied and with the range of the stream (16–235 or
0–255). It shares the frame's memory and is read-only.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import av
import cv2
import numpy as np

from prosopon.types import UInt8Array

# Pixel formats whose first plane is 8-bit luminance.
_LUMA_FIRST = frozenset(
    (
        *("gray", "nv12", "nv16", "nv21", "nv24"),
        *("yuv410p", "yuv411p", "yuv420p", "yuv422p", "yuv440p", "yuv444p"),
        *("yuvj411p", "yuvj420p", "yuvj422p", "yuvj440p", "yuvj444p"),
        *("yuva420p", "yuva422p", "yuva444p"),
    )
)


class Upright(NamedTuple):
    """How to turn stored pixels upright: transpose, then flip x, y (ISO 14496-12 matrix)."""

    transpose: bool
    flip_x: bool
    flip_y: bool

    def __call__(self, image: UInt8Array) -> UInt8Array:
        if self.transpose and self.flip_x != self.flip_y:  # a quarter turn, in one pass
            quarter = cv2.ROTATE_90_CLOCKWISE if self.flip_x else cv2.ROTATE_90_COUNTERCLOCKWISE
            return np.asarray(cv2.rotate(image, quarter), np.uint8)
        turned = cv2.transpose(image) if self.transpose else image
        if self.flip_x or self.flip_y:
            turned = cv2.flip(turned, {(1, 0): 1, (0, 1): 0, (1, 1): -1}[self.flip_x, self.flip_y])
        return np.asarray(turned, np.uint8)


def upright(frame: av.VideoFrame) -> Upright:
    """From the frame's display matrix, if it has one.

    Its rows are (a b u)(c d v)(x y w): x' = ax + cy, y' = bx + dy.
    """
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    if not matrix:
        return Upright(False, False, False)
    a, b, _, c, d = (int(value) for value in _bytes(matrix).view(np.int32)[:5])
    if abs(b) > abs(a):
        return Upright(True, c < 0, b < 0)
    return Upright(False, a < 0, d < 0)


def luminance(frame: av.VideoFrame) -> UInt8Array:
    """(h, w) as stored."""
    plane = frame.planes[0]
    if frame.format.name not in _LUMA_FIRST or plane.line_size < frame.width:
        frame = frame.reformat(format="gray")
        plane = frame.planes[0]
    rows = _bytes(plane).reshape(-1, plane.line_size)
    luma: UInt8Array = rows[: frame.height, : frame.width]
    luma.flags.writeable = False  # the decoder predicts later frames from this memory
    return luma


def color(frame: av.VideoFrame, turn: Upright) -> UInt8Array:
    """(h, w, 3) BGR, upright."""
    return turn(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))


def _bytes(buffer: Any) -> UInt8Array:
    """View of a PyAV buffer, which its type stubs don't declare as one."""
    return np.frombuffer(buffer, np.uint8)
