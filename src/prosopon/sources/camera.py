"""A live camera, through OpenCV."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import cv2
import numpy as np

from prosopon.errors import InputError
from prosopon.sources.base import Source
from prosopon.sources.image import quiet_opencv
from prosopon.types import AnyArray, Frame, UInt8Array


class CameraSource(Source):
    """Frames of camera ``index`` as they come; time is the monotonic clock from the first on."""

    kind = "camera"

    def __init__(self, index: int) -> None:
        super().__init__()
        self._name = f"camera {index}"
        with quiet_opencv():
            self._capture = cv2.VideoCapture(index)
            self._first = self._read() if self._capture.isOpened() else None
        if self._first is None:
            self._capture.release()
            raise InputError(
                f"{self._name}: not found or in use; plug it in, close other programs that use it, "
                "or give another index"
            )
        height, width = self._first[1].shape[:2]
        self.size = (width, height)
        self.fps = self._capture.get(cv2.CAP_PROP_FPS) or None

    def __iter__(self) -> Iterator[Frame]:
        grabbed = self._first
        start = grabbed[0] if grabbed else 0.0
        index = 0
        while grabbed is not None:
            taken, image = grabbed
            luma = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
            yield Frame(luma, index, taken - start, partial(_picture, image))
            index += 1
            grabbed = self._read()
        self.problems.append(f"{self._name}: stopped after {index} frames")

    def close(self) -> None:
        self._capture.release()

    def _read(self) -> tuple[float, AnyArray] | None:
        """Time of the grab and the BGR picture; None when the camera gives no more."""
        if not self._capture.grab():
            return None
        taken = time.monotonic()
        done, image = self._capture.retrieve()
        return (taken, np.asarray(image)) if done else None


def _picture(image: AnyArray) -> UInt8Array:
    return np.asarray(image, np.uint8)
