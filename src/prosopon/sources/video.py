"""Video in any container that PyAV (FFmpeg) opens, animated GIF included.

Time is the frame's own presentation time: PTS × time base. MP4, Matroska, AVI and GIF count it
from the start of the recording, so video that begins after the sound begins later than 0, as in
a player. MPEG transport and program streams run on a clock of arbitrary origin; there the start
of the first stream is 0. Edit lists are applied by FFmpeg: what they cut is not seen. AVI has no
presentation times: its frames, in order, have the times of its chunks.

A frame's number is its place among the packets (see ``timeline``).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import av.error

from prosopon.errors import InputError
from prosopon.sources.base import Source, check_size
from prosopon.sources.damage import Suspicion
from prosopon.sources.planes import color, luminance, upright
from prosopon.sources.timeline import Place, Timeline
from prosopon.types import Frame

# Decoders by which FFmpeg shows plain text as a picture.
_TEXT_ART = frozenset(("ansi", "bintext", "xbin", "idf"))
# Codecs of which every packet is a frame. In others some are hidden, as VP8's golden frames, or
# share a packet, as in DivX.
_FRAME_A_PACKET = frozenset(
    "h264 hevc av1 vp9 mpeg1video mpeg2video mjpeg prores dnxhd ffv1 rawvideo huffyuv".split()
)
_TS_DISCONT = 0x200  # AVFMT_TS_DISCONT: the clock has no zero of its own
_MICROSECONDS = 1_000_000  # AV_TIME_BASE, the unit of a container's start and duration
_SHORTFALL = 1.0  # seconds that may be missing at the end before it is called a problem
_NOMINAL_RATE = 25.0  # frames/s, where a stream states neither times nor a rate


class VideoSource(Source):
    """The frames of the first video stream of a file. Memory does not grow with its length.

    threads: of the decoder where frames don't depend on each other. Elsewhere it has one: FFmpeg
    conceals damage differently by the number of threads, and a file must always give the same.

    What can't be decoded is left out and noted in ``damage``; decoding goes on with the next
    packet. InputError: not a video, no video in it, an unknown codec, or not one frame can be
    decoded.
    """

    kind = "video"

    def __init__(self, path: Path, threads: int = 1) -> None:
        super().__init__()
        self.path = path
        self._threads = threads
        self._open(0)
        try:
            stream = self._stream
            self.time_base = self._tick
            self.duration = self._stated_duration()
            self.fps = float(stream.average_rate) if stream.average_rate else None
            if stream.frames:
                self.frame_count_estimate = stream.frames
            elif self.duration and self.fps:
                self.frame_count_estimate = round(self.duration * self.fps)
            self._first = next(self._decoded, None)
            if self._first is None:
                raise InputError(
                    f"{path}: no frame of this {stream.codec_context.name} video can be decoded; "
                    "copy it again"
                )
            # A frame for each packet, so that frames can be counted without being decoded.
            self._countable = not (
                self._chunks
                or stream.codec_context.name not in _FRAME_A_PACKET
                or self._first.interlaced_frame
            )
            width, height = self._first.width, self._first.height
            self._upright = upright(self._first)
            self.size = (height, width) if self._upright.transpose else (width, height)
        except BaseException:
            self._container.close()
            raise

    def _open(self, skipped: int, start: float = 0.0) -> None:
        """Begin at packet ``skipped``; damage before ``start`` (s) is none of the caller's."""
        path = self.path
        assert path is not None
        try:
            self._container = av.open(str(path), metadata_errors="replace")
        except (av.error.FFmpegError, OSError) as error:
            raise InputError(_unreadable(path, error)) from error
        try:
            stream = self._stream = _video_stream(path, self._container)
            codec = stream.codec_context
            check_size(path, codec.width, codec.height)
            codec.thread_type = "AUTO"
            codec.thread_count = self._threads if codec.codec.intra_only else 1
        except BaseException:
            self._container.close()
            raise
        self._tick = stream.time_base or Fraction(1, _MICROSECONDS)
        self._zero = self._origin()
        self._chunks = self._container.format.name == "avi"
        self._timeline = Timeline(codec.name in _FRAME_A_PACKET and not self._chunks, skipped)
        self._start = start
        self._packets = 0
        self._untimed = self._backward = 0
        self._suspicion = Suspicion()
        self._last_time = 0.0
        self._decoded = self._decode(skipped)

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

    def skip_to(self, start: float) -> None:
        """Read packets without decoding them, up to the last keyframe but one before ``start``.

        One more than is needed, because frames shortly after a keyframe may depend on frames
        before it. Where packets and frames don't correspond one to one, nothing is skipped.
        """
        self._start = start
        if not self._countable:
            return
        self._container.close()
        self._open(0)
        keyframes, count = [0, 0], 0
        for packet in self._read():
            if packet.pts is None:
                keyframes = [0, 0]
                break
            if self._seconds(packet.pts) >= start:
                break
            if packet.is_keyframe:
                keyframes = [keyframes[1], count]
            count += not packet.is_discard
        self._container.close()
        self._open(keyframes[0], start)
        self._first = next(self._decoded, None)

    def time_of(self, number: int) -> float | None:
        if not self._countable:
            return None
        self._container.close()
        self._open(0)
        ticks = [packet.pts for packet in self._read() if not packet.is_discard]
        if number >= len(ticks) or None in ticks:
            return None
        return self._seconds(sorted(tick for tick in ticks if tick is not None)[number])

    def __iter__(self) -> Iterator[Frame]:
        frame, self._first = self._first, None
        while frame is not None:
            lost, place = self._timeline.shown(
                None if self._chunks else frame.pts, bool(frame.interlaced_frame)
            )
            self._note_lost(lost)
            time = self._time(frame, place)
            self._backward += time < self._last_time
            self._last_time = time
            doubted = self._suspicion.shown(bool(frame.key_frame), bool(frame.is_corrupt))
            if doubted and self._last_time >= self._start:
                self.damage.add(False, place.number, self._last_time)
            luma = self._upright(luminance(frame))
            yield Frame(luma, place.number, self._last_time, partial(color, frame, self._upright))
            frame = next(self._decoded, None)
        self._note_lost(self._timeline.finish())
        self._report_end()

    def close(self) -> None:
        self._container.close()

    def _read(self) -> Iterator[av.Packet[Any]]:
        """Packets with something in them; the end or an error of the file ends them."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError as error:
                self.problems.append(
                    f"{self.path}: can't be read on from {self._last_time:.3f} s ({error.strerror})"
                )
                return
            if packet is None:
                return
            if packet.size:
                yield packet

    def _decode(self, skipped: int) -> Iterator[av.VideoFrame]:
        for packet in self._read():
            self._packets += 1
            if skipped and not packet.is_discard:
                skipped -= 1
                continue
            key = self._key(packet)
            if key is not None and not packet.is_discard:
                self._timeline.sent(key)
            self._suspicion.sent(packet.is_keyframe, packet.is_corrupt)
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                if key is not None:
                    self._timeline.failed(key)
                self._suspicion.refused()
                continue
            yield from frames
        try:
            yield from self._stream.codec_context.decode(None)
        except av.error.FFmpegError:
            self._suspicion.refused()

    def _key(self, packet: av.Packet[Any]) -> int | None:
        if self._chunks:
            return packet.dts if packet.dts is not None else self._packets
        return packet.pts

    def _seconds(self, ticks: int) -> float:
        return (ticks - self._zero) * self._tick.numerator / self._tick.denominator

    def _time(self, frame: av.VideoFrame, place: Place) -> float:
        if self._chunks and place.key is not None:
            return self._seconds(place.key)
        pts = None if self._chunks else frame.pts if frame.pts is not None else frame.dts
        if pts is None:  # bare H.264 and the like carry no clock at all
            self._untimed += 1
            after = 1 / (self.fps or _NOMINAL_RATE)
            return self._last_time + after if place.number else 0.0
        return self._seconds(pts)

    def _note_lost(self, places: list[Place]) -> None:
        for place in places:
            time = self._last_time if place.key is None else self._seconds(place.key)
            self._suspicion.lost()
            if time >= self._start:
                self.damage.add(True, place.number, time)
                self.skipped += 1

    def _report_end(self) -> None:
        if self._packets < self._stream.frames:
            self.problems.append(
                f"{self.path}: cut off at {self._last_time:.3f} s, after {self._packets} frames: "
                f"the file states {self._stream.frames} frames"
            )
        elif self.duration and self._last_time < self.duration - _SHORTFALL:
            self.problems.append(
                f"{self.path}: the video ends at {self._last_time:.3f} s: "
                f"the file states {self.duration:.3f} s"
            )
        if self._backward:
            self.problems.append(
                f"{self.path}: {self._backward} times the clock goes back from one frame to the "
                "next: the file is damaged or joined of several; copy or convert it again"
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
