"""Intrinsics that a user gives: as numbers, or as a calibration file that OpenCV wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from prosopon.errors import InputError
from prosopon.geometry import Camera

_MATRIX = ("camera_matrix", "cameraMatrix", "Camera_Matrix", "K", "mtx", "intrinsic_matrix")
_DISTORTION = (
    *("distortion_coefficients", "distCoeffs", "Distortion_Coefficients", "dist_coeffs"),
    *("distortion", "dist", "D"),
)
_WIDTH, _HEIGHT = (
    ("image_width", "image_Width", "width"),
    ("image_height", "image_Height", "height"),
)


@dataclass(frozen=True, slots=True)
class Intrinsics:
    """Some of a camera's intrinsics, px; those left None are guessed from the picture's size.

    One focal length serves for both axes.
    """

    fx: float | None = None
    fy: float | None = None
    cx: float | None = None
    cy: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("fx", self.fx), ("fy", self.fy)):
            if value is not None and not value > 0:
                raise InputError(f"--{name} {value}: expected a focal length in px, over 0")

    def at(self, width: int, height: int) -> Camera:
        """The camera for pictures of that size."""
        guess = Camera.default(width, height)
        fx, fy = self.fx or self.fy or guess.fx, self.fy or self.fx or guess.fy
        return Camera(
            fx,
            fy,
            guess.cx if self.cx is None else self.cx,
            guess.cy if self.cy is None else self.cy,
        )


def read_camera(path: str | Path) -> Camera:
    """The camera in a YAML, XML or JSON file of ``cv2.FileStorage``.

    It holds ``camera_matrix`` (3×3) and, where known, ``distortion_coefficients``, ``image_width``
    and ``image_height`` (the names of OpenCV's calibration samples; a few others are understood).
    Raises InputError when the file can't be read or has no camera matrix.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file; give the calibration that OpenCV wrote")
    try:
        storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_READ)
        matrix = _find(storage, _MATRIX)
        distortion = _find(storage, _DISTORTION)
        size = [_find(storage, names) for names in (_WIDTH, _HEIGHT)]
    except (cv2.error, SystemError) as error:
        raise InputError(
            f"{path}: not a file of cv2.FileStorage; write it with cv2.FileStorage(…, WRITE)"
        ) from error
    if matrix is None or np.shape(matrix) != (3, 3):
        raise InputError(f"{path}: has no camera_matrix of 3×3; write one with cv2.FileStorage")
    (fx, _, cx), (_, fy, cy) = np.asarray(matrix, dtype=float)[:2].tolist()
    if not (fx > 0 and fy > 0):
        raise InputError(f"{path}: camera_matrix has focal lengths {fx}, {fy}; expected over 0")
    known = all(side is not None for side in size)
    return Camera(
        fx,
        fy,
        cx,
        cy,
        (int(size[0]), int(size[1])) if known else None,
        () if distortion is None else tuple(np.ravel(distortion).astype(float).tolist()),
    )


def choose(
    calibration: Path | None,
    fx: float | None,
    fy: float | None,
    cx: float | None,
    cy: float | None,
) -> Camera | Intrinsics | None:
    """What the options of a command say; None: nothing. InputError: both a file and numbers."""
    numbers = [fx, fy, cx, cy]
    given = any(value is not None for value in numbers)
    if calibration is None:
        return Intrinsics(*numbers) if given else None
    if given:
        raise InputError("--camera-file goes without --fx --fy --cx --cy: give one or the other")
    return read_camera(calibration)


def _find(storage: Any, names: Sequence[str]) -> Any:
    """The matrix or number under the first of ``names`` that there is, or None."""
    for name in names:
        node = storage.getNode(name)
        if node.empty():
            continue
        if node.isMap():
            return node.mat()
        if node.isSeq():  # lists of lists, as json.dump writes them
            return _nested(node)
        return node.real()
    return None


def _nested(node: Any) -> list[Any]:
    items = [node.at(i) for i in range(node.size())]
    return [_nested(item) if item.isSeq() else item.real() for item in items]
