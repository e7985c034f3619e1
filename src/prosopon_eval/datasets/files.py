"""Reading of the datasets' files: what is missing is named, with where it is to be had."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from prosopon.errors import InputError, MissingExtraError
from prosopon.types import FloatArray, UInt8Array


def need(path: Path, origin: str) -> Path:
    """``path``; InputError when it is not there."""
    if not path.exists():
        raise InputError(f"{path}: not found; it is part of the dataset, to be had from {origin}")
    return path


def lines(path: Path, origin: str) -> list[str]:
    """Lines of a text file that are not empty."""
    text = need(path, origin).read_text(encoding="utf-8-sig", errors="replace")
    return [line.strip() for line in text.splitlines() if line.strip()]


def numbers(path: Path, line: str, count: int | None = None, separator: str | None = None) -> Any:
    """(k,) float64 of a line; InputError when it holds others, or not ``count`` of them."""
    try:
        values = np.array([float(v) for v in line.split(separator) if v.strip()])
    except ValueError as error:
        raise InputError(f"{path}: {line[:60]!r} holds no numbers; get the file again") from error
    if count is not None and len(values) != count:
        raise InputError(f"{path}: {len(values)} numbers in a line, expected {count}")
    return values


def table(path: Path, origin: str, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Rows of a CSV file with a header, that must name ``columns``."""
    with need(path, origin).open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        found = [name.strip() for name in rows.fieldnames or ()]
        if missing := [name for name in columns if name not in found]:
            raise InputError(f"{path}: has no column {', '.join(missing)}; it is another file")
        rows.fieldnames = found
        yield from rows


def picture(path: Path, origin: str) -> Callable[[], UInt8Array]:
    """Reads the BGR picture at ``path`` when called."""

    def read() -> UInt8Array:
        data = np.fromfile(need(path, origin), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
        if image is None:
            raise InputError(f"{path}: not a picture that can be read; get the dataset again")
        return np.asarray(image, np.uint8)

    return read


def given(image: UInt8Array) -> Callable[[], UInt8Array]:
    """A picture that the dataset keeps in a table."""
    return lambda: image


class Video:
    """Frames of a video by their number, cheap when asked for in rising order."""

    def __init__(self, path: Path, origin: str) -> None:
        self._path, self._origin = path, origin
        self._capture: cv2.VideoCapture | None = None
        self._next = 0

    def frame(self, index: int) -> Callable[[], UInt8Array]:
        """Reads frame ``index``, from 0, when called."""
        return lambda: self._read(index)

    def _read(self, index: int) -> UInt8Array:
        if self._capture is None or index < self._next:
            self._capture, self._next = cv2.VideoCapture(str(need(self._path, self._origin))), 0
        while self._next < index and self._capture.grab():
            self._next += 1
        found, image = self._capture.read()
        self._next += 1
        if not found:
            raise InputError(f"{self._path}: has no frame {index}; get the video again")
        return np.asarray(image, np.uint8)


def matlab(path: Path, origin: str, *names: str) -> dict[str, Any]:
    """Variables ``names`` of a MATLAB file of a version before 7.3."""
    need(path, origin)
    try:
        import scipy.io
    except ModuleNotFoundError as error:
        raise MissingExtraError("scipy", "eval", "MATLAB files") from error
    try:
        content: dict[str, Any] = scipy.io.loadmat(path)
    except (ValueError, NotImplementedError, OSError) as error:
        raise InputError(f"{path}: not a MATLAB file that can be read: {error}") from error
    if missing := [name for name in names if name not in content]:
        raise InputError(f"{path}: holds no {', '.join(missing)}; it is another file")
    return content


def hdf5(path: Path, origin: str) -> Any:
    """The open HDF5 file at ``path`` (MATLAB's from version 7.3 on is one)."""
    need(path, origin)
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise MissingExtraError("h5py", "eval", "HDF5 files") from error
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise InputError(f"{path}: not an HDF5 file that can be read") from error


def unit(vector: Any) -> FloatArray:
    """(3,) float32 of length 1."""
    values = np.asarray(vector, np.float64)
    return np.asarray(values / np.linalg.norm(values), np.float32)


def box_around(points: Any) -> FloatArray:
    """(4,) face box, from forehead to chin, of marks (68, 2) or (98, 2) px."""
    low, high = np.asarray(points).min(0), np.asarray(points).max(0)
    top = low[1] - 0.25 * (high[1] - low[1])
    return np.array([low[0], top, high[0], high[1]], np.float32)
