"""Animated WebP, which FFmpeg does not decode, through OpenCV."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from prosopon.errors import InputError
from prosopon.sources.base import Source, check_size
from prosopon.sources.image import quiet_opencv
from prosopon.types import AnyArray, Frame, UInt8Array

_PIXELS_AT_ONCE = 16_000_000


class AnimationSource(Source):
    """The frames of an animated WebP; time is the sum of the durations before a frame."""

    kind = "video"
    time_base = Fraction(1, 1000)

    def __init__(self, path: Path, width: int, height: int) -> None:
        super().__init__()
        self.path = path
        check_size(path, width, height)
        if not hasattr(cv2, "imreadanimation"):
            raise InputError(f"{path}: animated WebP needs OpenCV 4.11 or later; save it as GIF")
        self.size = (width, height)
        self._chunk = max(1, _PIXELS_AT_ONCE // (width * height))
        self._first = self._read(0)
        if not self._first:
            raise InputError(f"{path}: damaged or cut-off WebP; copy or export it again")

    def __iter__(self) -> Iterator[Frame]:
        index, milliseconds, chunk = 0, 0, self._first
        while chunk:
            for image, duration in chunk:
                luma = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
                yield Frame(luma, index, milliseconds / 1000, partial(_picture, image))
                index += 1
                milliseconds += duration
            chunk = self._read(index) if len(chunk) == self._chunk else []

    def _read(self, start: int) -> list[tuple[AnyArray, int]]:
        """Up to a chunk of (BGR picture, milliseconds it is shown) from frame ``start`` on."""
        with quiet_opencv():
            done, animation = cv2.imreadanimation(str(self.path), start=start, count=self._chunk)
        if not done:
            return []
        return list(zip(animation.frames, map(int, animation.durations), strict=True))


def _picture(image: AnyArray) -> UInt8Array:
    return np.asarray(image[:, :, :3], np.uint8)
