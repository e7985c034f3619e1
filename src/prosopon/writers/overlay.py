"""Pictures and videos with the measurements drawn on them.

A picture stays a picture: JPEG from JPEG, PNG from all others. A video becomes H.264 in MP4
(MPEG-4 Visual where FFmpeg has no x264), with the timestamps of its source: a variable frame
rate stays variable. Sound is not copied.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import cv2
import numpy as np

from prosopon.errors import OutputError
from prosopon.types import FaceTable, Frame, UInt8Array
from prosopon.writers.base import Output, PartialFile, output_errors, write_bytes
from prosopon.writers.draw import draw_faces

if TYPE_CHECKING:
    import av

_JPEG_SUFFIXES = (".jpg", ".jpeg", ".jpe")
_CLOCK = Fraction(1, 90_000)  # for sources without one; MPEG's own
_COARSE_CLOCK = Fraction(1, 60_000)  # MPEG-4 Visual counts to 65,535 a second at most


class DrawnSource(Protocol):
    """What an overlay needs to know of its source."""

    kind: str
    files: tuple[Path, ...]
    time_base: Fraction | None


class OverlayWriter(Output, ABC):
    """Draws faces on frames and keeps the result; use it as a context manager.

    path: the file or folder that is written.
    """

    path: Path

    @abstractmethod
    def write(self, frame: Frame, faces: FaceTable) -> None:
        """Draw the rows of ``faces`` on ``frame``. Frames come in order of time."""


def open_overlay(base: Path, source: DrawnSource, threads: int = 1) -> OverlayWriter:
    """The overlay of ``source``, named after ``base`` (a path without suffix).

    ``out/clip`` gives ``out/clip.overlay.mp4`` for a video or camera, ``out/clip.overlay.png``
    or ``.jpg`` for a picture, and the folder ``out/clip.overlay`` for several pictures.
    """
    stem = base.name + ".overlay"
    if source.kind == "image":
        return OverlayPictures([base.with_name(stem + _picture_suffix(source.files[0]))])
    if source.kind == "images":
        folder = base.with_name(stem)
        names = _distinct([file.stem + _picture_suffix(file) for file in source.files])
        return OverlayPictures([folder / name for name in names], folder)
    return OverlayVideo(base.with_name(stem + ".mp4"), source.time_base, threads)


class OverlayPictures(OverlayWriter):
    """Frame i is written to ``paths[i]``, at once."""

    def __init__(self, paths: Sequence[Path], folder: Path | None = None) -> None:
        self._paths = tuple(paths)
        self.path = folder or self._paths[0]

    def write(self, frame: Frame, faces: FaceTable) -> None:
        image = frame.color().copy()
        draw_faces(image, faces)
        path = self._paths[frame.index]
        done, encoded = cv2.imencode(path.suffix, image)
        if not done:
            raise OutputError(f"{path}: can't be encoded as {path.suffix}; use another format")
        write_bytes(path, encoded.tobytes())


class OverlayVideo(OverlayWriter):
    """One video. Without a single frame no file is written.

    time_base: tick of the source's clock; the times of the frames are multiples of it;
    container: "mp4", or "avi", which holds MPEG-4 Visual.
    """

    def __init__(
        self, path: Path, time_base: Fraction | None, threads: int = 1, container: str = "mp4"
    ) -> None:
        self.path = path
        self._format = container
        self._clock = time_base or _CLOCK
        self._threads = threads
        self._partial = PartialFile(path)
        self._container: av.container.OutputContainer | None = None
        self._last = -1

    def write(self, frame: Frame, faces: FaceTable) -> None:
        image = self._drawn(frame, faces)
        with output_errors(self.path):
            if self._container is None:
                self._open(image)
            self._encode(image, frame.time)

    def _drawn(self, frame: Frame, faces: FaceTable) -> UInt8Array:
        image = frame.color().copy()
        draw_faces(image, faces)
        return image

    def _open(self, image: UInt8Array) -> None:
        import av

        self._container = av.open(str(self._partial.part), "w", format=self._format)
        modern = self._format == "mp4" and "libx264" in av.codecs_available
        codec = "libx264" if modern else "mpeg4"
        if codec == "mpeg4" and self._clock.denominator > 65_535:
            self._clock = _COARSE_CLOCK
        stream = cast("av.VideoStream", self._container.add_stream(codec, options=_OPTIONS[codec]))
        height, width = image.shape[:2]
        self._size = (width + width % 2, height + height % 2)  # colour is stored at half size
        stream.width, stream.height = self._size
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = self._clock
        stream.codec_context.thread_count = self._threads
        self._stream = stream

    def _encode(self, image: UInt8Array, time: float) -> None:
        import av

        assert self._container is not None
        frame = av.VideoFrame.from_ndarray(_fit(image, self._size), format="bgr24")
        # A player needs every frame later than the one before, even where the source errs.
        self._last = frame.pts = max(round(time / self._clock), self._last + 1)
        frame.time_base = self._clock
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        if self._container is None:
            return
        try:
            with output_errors(self.path):
                self._container.mux(self._stream.encode(None))
                self._container.close()
            self._container = None
            self._partial.commit()
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        if self._container is not None:
            container, self._container = self._container, None
            with suppress(OSError):  # the trailer of a file that goes away
                container.close()
        self._partial.discard()


_OPTIONS = {"libx264": {"preset": "veryfast", "crf": "20"}, "mpeg4": {"qscale": "3"}}


def _fit(image: UInt8Array, size: tuple[int, int]) -> UInt8Array:
    """The picture at (width, height): one more row or column repeated, else scaled."""
    height, width = image.shape[:2]
    right, bottom = size[0] - width, size[1] - height
    if (right, bottom) == (0, 0):
        return image
    if 0 <= right <= 1 and 0 <= bottom <= 1:
        padded = cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
        return np.asarray(padded, np.uint8)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _picture_suffix(file: Path) -> str:
    return file.suffix.lower() if file.suffix.lower() in _JPEG_SUFFIXES else ".png"


def _distinct(names: Sequence[str]) -> list[str]:
    """Names of files from several folders, with a number where they would meet."""
    taken: set[str] = set()
    result = []
    for path in map(Path, names):
        name, count = path.name, 1
        while name.casefold() in taken:
            count += 1
            name = f"{path.stem}-{count}{path.suffix}"
        taken.add(name.casefold())
        result.append(name)
    return result
