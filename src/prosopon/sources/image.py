"""One picture: JPEG, PNG, WebP, TIFF, BMP or Netpbm.

What is done to the pixels:

- luminance is OpenCV's BGR to grey, so that a file and its BGR array measure the same; but of a
  JPEG it is the Y plane that it stores, which is quicker than decoding colour, and a few levels
  off where colours are saturated; of a TIFF, the decoder's grey, which is at most one level off.
  Landmarks move by as much as under noise of one level: by fractions of a pixel, more with an
  int8 network, whose answers have steps, than with fp32;
- EXIF orientation is applied (not in pictures with transparency, which cameras don't make);
- 16-bit samples are scaled by 1/257, so that full scale stays full scale;
- transparent parts are laid over mid-grey (128), which neither darkens nor lights up the edges
  of a cut-out face.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from prosopon.errors import InputError
from prosopon.sources.base import Source, check_size
from prosopon.sources.header import Header, parse_header, read_header
from prosopon.types import AnyArray, Frame, UInt8Array

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".bmp", ".pbm", ".pgm", ".ppm")
)
_BACKGROUND = 128


class ImageSource(Source):
    """A picture as a source of one frame at time 0."""

    kind = "image"
    frame_count_estimate = 1

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.files = (path,)
        self._frame = read_image(path)
        self.size = self._frame.size

    def __iter__(self) -> Iterator[Frame]:
        yield self._frame


def read_image(path: Path, index: int = 0) -> Frame:
    """The picture at ``path`` as a frame. InputError: missing, empty, broken or too large."""
    check_file(path)
    try:
        header = _checked(read_header(path), path)
        encoded = np.fromfile(path, np.uint8)
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}") from error
    return _frame(path, header, encoded, index)


def decode_image(content: bytes, name: object, index: int = 0, time: float = 0.0) -> Frame:
    """The picture encoded in ``content`` as a frame; ``name`` is for errors, as of read_image."""
    header = _checked(parse_header(content, name), name)
    return _frame(name, header, np.frombuffer(content, np.uint8), index, time)


def as_luminance(image: UInt8Array) -> UInt8Array:
    """The (h, w) luminance of a BGR (h, w, 3) or grey (h, w) picture that a user has handed over.

    InputError: it is no array of that kind.
    """
    if not isinstance(image, np.ndarray):
        raise InputError(f"image: expected a path or an array, got {type(image).__name__}")
    if image.dtype != np.uint8 or image.size == 0:
        raise InputError(f"image: expected uint8 pixels, got {image.dtype} {image.shape}")
    if image.ndim == 2:
        return image
    if image.ndim == 3 and image.shape[2] == 3:
        return _as_luma(image)
    raise InputError(f"image: expected shape (h, w, 3) BGR or (h, w) grey, got {image.shape}")


def _checked(header: Header | None, name: object) -> Header:
    if header is None:
        raise InputError(
            f"{name}: not a picture that can be read; save it as JPEG, PNG, WebP or TIFF"
        )
    check_size(name, header.width, header.height)
    return header


def _frame(
    name: object, header: Header, encoded: UInt8Array, index: int, time: float = 0.0
) -> Frame:
    luma = _decode_luma(name, header, encoded)
    return Frame(luma, index, time, partial(_decode_color, name, header, encoded))


def check_file(path: Path) -> None:
    """InputError unless ``path`` is a file with something in it."""
    try:
        if path.stat().st_size == 0 and path.is_file():
            raise InputError(f"{path}: the file is empty; copy or export it again")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the name and the folder") from None
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}") from error


def _decode_luma(name: object, header: Header, encoded: UInt8Array) -> UInt8Array:
    if header.format in ("JPEG", "TIFF") and not header.alpha:
        return _to_8_bits(name, _decode(name, header, encoded, cv2.IMREAD_GRAYSCALE))
    # Grey from other decoders is rounded in their own ways, and no quicker than colour.
    return _as_luma(_decode_color(name, header, encoded))


def _decode_color(name: object, header: Header, encoded: UInt8Array) -> UInt8Array:
    """(h, w, 3) BGR."""
    if not header.alpha:
        return _to_8_bits(name, _decode(name, header, encoded, cv2.IMREAD_COLOR))
    image = _to_8_bits(name, _decode(name, header, encoded, cv2.IMREAD_UNCHANGED))
    if image.ndim == 2:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
    if image.shape[2] == 3:
        return image
    return _over_background(image)


def _decode(name: object, header: Header, encoded: UInt8Array, flags: int) -> AnyArray:
    image = None
    if header.complete:
        if flags != cv2.IMREAD_UNCHANGED:
            flags |= cv2.IMREAD_ANYDEPTH
        with quiet_opencv():
            image = cv2.imdecode(encoded, flags)
    if image is None:
        raise InputError(
            f"{name}: damaged or cut-off {header.format} picture; copy or export it again"
        )
    return np.asarray(image)


def _to_8_bits(name: object, image: AnyArray) -> UInt8Array:
    if image.dtype == np.uint16:
        image = np.asarray(cv2.convertScaleAbs(image, alpha=1 / 257))
    if image.dtype != np.uint8:
        raise InputError(
            f"{name}: {image.dtype} samples have no fixed white; save it with 8 or 16 bits"
        )
    return image


def _as_luma(image: UInt8Array) -> UInt8Array:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)


def _over_background(image: UInt8Array) -> UInt8Array:
    alpha = cv2.cvtColor(np.ascontiguousarray(image[:, :, 3]), cv2.COLOR_GRAY2BGR)
    face = cv2.multiply(cv2.cvtColor(image, cv2.COLOR_BGRA2BGR), alpha, scale=1 / 255)
    rest = cv2.convertScaleAbs(255 - np.asarray(alpha), alpha=_BACKGROUND / 255)
    return np.asarray(cv2.add(face, rest), np.uint8)


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Keep OpenCV's own log off the terminal: failures are reported as errors instead."""
    log: Any = getattr(cv2.utils, "logging", cv2)  # OpenCV 4 keeps these functions at its top
    level = log.getLogLevel()
    log.setLogLevel(0)  # silent
    try:
        yield
    finally:
        log.setLogLevel(level)
