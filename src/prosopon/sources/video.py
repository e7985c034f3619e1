"""Video in any container that PyAV (FFmpeg) opens, animated GIF included.

Time is the frame's own presentation time: PTS × time base. MP4, Matroska, AVI and GIF count it
from the start of the recording, so video that begins after the sound begins later than 0, as in
a player. MPEG transport and program streams run on a clock of arbitrary origin; there the start
of the first stream is 0. Edit lists are applied by FFmpeg: what they cut is not seen.

Luminance is the decoder's own Y plane, uncopied and with the range of the stream (16–235 or
0–255). It shares the frame's memory and is read-only.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import av
import av.error
import cv2
import numpy as np

from prosopon.errors import InputError
from prosopon.sources.base import Source, check_size
from prosopon.types import AnyArray, Frame, UInt8Array

# Pixel formats whose first plane is 8-bit luminance.
_LUMA_FIRST = frozenset(
    (
        *("gray", "nv12", "nv16", "nv21", "nv24"),
        *("yuv410p", "yuv411p", "yuv420p", "yuv422p", "yuv440p", "yuv444p"),
        *("yuvj411p", "yuvj420p", "yuvj422p", "yuvj440p", "yuvj444p"),
        *("yuva420p", "yuva422p", "yuva444p"),
    )
)
# Decoders by which FFmpeg shows plain text as a picture.
_TEXT_ART = frozenset(("ansi", "bintext", "xbin", "idf"))
_TS_DISCONT = 0x200  # AVFMT_TS_DISCONT: the clock has no zero of its own
_MICROSECONDS = 1_000_000  # AV_TIME_BASE, the unit of a container's start and duration
_SHORTFALL = 1.0  # seconds that may be missing at the end before it is called a problem


class _Upright(NamedTuple):
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


_AS_STORED = _Upright(False, False, False)


class VideoSource(Source):
    """The frames of the first video stream of a file. Memory does not grow with its length.

    threads: decoder threads; 0 lets FFmpeg choose.
    A damaged packet is skipped and counted; decoding goes on with the next. InputError: not a
    video, no video in it, an unknown codec, or not one frame can be decoded.
    """

    kind = "video"

    def __init__(self, path: Path, threads: int = 1) -> None:
        super().__init__()
        self.path = path
        try:
            self._container = av.open(str(path), metadata_errors="replace")
        except (av.error.FFmpegError, OSError) as error:
            raise InputError(_unreadable(path, error)) from error
        try:
            self._open(path, threads)
        except BaseException:
            self._container.close()
            raise

    def _open(self, path: Path, threads: int) -> None:
        stream = self._stream = _video_stream(path, self._container)
        codec = stream.codec_context
        check_size(path, codec.width, codec.height)
        codec.thread_type = "AUTO"
        codec.thread_count = threads
        self._tick = self.time_base = stream.time_base or Fraction(1, _MICROSECONDS)
        self._zero = self._origin()
        self.duration = self._stated_duration()
        self.fps = float(stream.average_rate) if stream.average_rate else None
        if stream.frames:
            self.frame_count_estimate = stream.frames
        elif self.duration and self.fps:
            self.frame_count_estimate = round(self.duration * self.fps)
        self._packets = 0
        self._damaged: list[float] = []
        self._corrupt = 0
        self._untimed = 0
        self._last_time = 0.0
        self._decoded = self._decode()
        self._first = next(self._decoded, None)
        if self._first is None:
            raise InputError(
                f"{path}: no frame of this {codec.name} video can be decoded; copy it again"
            )
        matrix = self._first.side_data.get("DISPLAYMATRIX")
        self._upright = _upright(_bytes(matrix).view(np.int32)) if matrix else _AS_STORED
        width, height = self._first.width, self._first.height
        self.size = (height, width) if self._upright.transpose else (width, height)

    def _origin(self) -> int:
        """PTS that is time 0."""
        start = self._container.start_time
        if start is None or not self._container.format.flags & _TS_DISCONT:
            return 0
        return round(Fraction(start, _MICROSECONDS) / self._tick)

    def _stated_duration(self) -> float | None:
        if self._stream.duration:
            return float(self._stream.duration * self._tick)
        if self._container.duration:
            return self._container.duration / _MICROSECONDS
        return None

    def __iter__(self) -> Iterator[Frame]:
        frame, index = self._first, 0
        self._first = None
        while frame is not None:
            self._last_time = self._time(frame)
            self._corrupt += frame.is_corrupt
            luma = self._upright(_luma(frame))
            yield Frame(luma, index, self._last_time, partial(_color, frame, self._upright))
            index += 1
            frame = next(self._decoded, None)
        self._report_end(index)

    def close(self) -> None:
        self._container.close()

    def _decode(self) -> Iterator[av.VideoFrame]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError:
                self._damaged.append(self._last_time)
                yield from self._flush()
                return
            if packet is None:
                return
            self._packets += packet.size > 0
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                self._damaged.append(self._seconds(packet.pts, self._last_time))
                continue
            yield from frames

    def _flush(self) -> Iterator[av.VideoFrame]:
        try:
            yield from self._stream.codec_context.decode(None)
        except av.error.FFmpegError:
            self._damaged.append(self._last_time)

    def _seconds(self, pts: int | None, otherwise: float) -> float:
        if pts is None:
            return otherwise
        return (pts - self._zero) * self._tick.numerator / self._tick.denominator

    def _time(self, frame: av.VideoFrame) -> float:
        pts = frame.pts if frame.pts is not None else frame.dts
        if pts is None:  # bare H.264 and the like carry no clock at all
            self._untimed += 1
            return self._last_time + 1 / (self.fps or 25.0) if self._untimed > 1 else 0.0
        return self._seconds(pts, 0.0)

    def _report_end(self, frames: int) -> None:
        end = f"at {self._last_time:.3f} s, after {frames} frames"
        if self._damaged:
            self.skipped += len(self._damaged)
            self.problems.append(
                f"{self.path}: {len(self._damaged)} damaged packets skipped between "
                f"{min(self._damaged):.3f} and {max(self._damaged):.3f} s"
            )
        if self._corrupt:
            self.problems.append(
                f"{self.path}: {self._corrupt} frames are damaged in part and were kept"
            )
        if self._packets < self._stream.frames:
            self.problems.append(
                f"{self.path}: cut off {end}: the file states {self._stream.frames} frames"
            )
        elif self.duration and self._last_time < self.duration - _SHORTFALL:
            self.problems.append(
                f"{self.path}: the video ends {end}: the file states {self.duration:.3f} s"
            )
        if self._untimed:
            self.problems.append(
                f"{self.path}: {self._untimed} frames have no timestamp: their times follow the "
                "nominal frame rate"
            )


def _video_stream(path: Path, container: av.container.InputContainer) -> av.VideoStream:
    for stream in container.streams.video:
        if stream.disposition & av.stream.Disposition.attached_pic:
            continue  # the cover picture of a sound file
        if stream.codec_context is None:
            raise InputError(f"{path}: unknown video codec; convert it to MP4 with H.264")
        if stream.codec_context.name in _TEXT_ART:
            break
        return stream
    raise InputError(f"{path}: no video in this file; give a video or a picture")


def _unreadable(path: Path, error: Exception) -> str:
    if isinstance(error, PermissionError):
        return f"{path}: can't be read: permission denied; check the file's rights"
    with path.open("rb") as file:
        if file.read(8)[4:] == b"ftyp":
            return f"{path}: damaged or cut-off video (its index is missing); copy it again"
    return f"{path}: neither a video nor a picture that can be read; convert it to MP4 or PNG"


def _upright(matrix: AnyArray) -> _Upright:
    """From the display matrix, whose rows are (a b u)(c d v)(x y w): x' = ax + cy, y' = bx + dy."""
    a, b, _, c, d = (int(value) for value in matrix[:5])
    if abs(b) > abs(a):
        return _Upright(True, c < 0, b < 0)
    return _Upright(False, a < 0, d < 0)


def _luma(frame: av.VideoFrame) -> UInt8Array:
    plane = frame.planes[0]
    if frame.format.name not in _LUMA_FIRST or plane.line_size < frame.width:
        frame = frame.reformat(format="gray")
        plane = frame.planes[0]
    rows = _bytes(plane).reshape(-1, plane.line_size)
    luma: UInt8Array = rows[: frame.height, : frame.width]
    luma.flags.writeable = False  # the decoder predicts later frames from this memory
    return luma


def _bytes(buffer: Any) -> UInt8Array:
    """View of a PyAV buffer, which its type stubs don't declare as one."""
    return np.frombuffer(buffer, np.uint8)


def _color(frame: av.VideoFrame, upright: _Upright) -> UInt8Array:
    return upright(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))
