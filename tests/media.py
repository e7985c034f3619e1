"""Pictures and videos made on the spot for the tests of sources and writers."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from prosopon.types import UInt8Array

MILLISECOND = Fraction(1, 1000)


def quadrants(width: int = 64, height: int = 48) -> UInt8Array:
    """(h, w) grey: 50 top left, 100 top right, 150 bottom left, 200 bottom right."""
    image = np.empty((height, width), np.uint8)
    top, left = height // 2, width // 2
    image[:top, :left], image[:top, left:] = 50, 100
    image[top:, :left], image[top:, left:] = 150, 200
    return image


def corners(image: UInt8Array) -> list[int]:
    """The four quadrants' values, row by row, to the nearest 10."""
    height, width = image.shape[:2]
    rows, columns = (height // 4, height * 3 // 4), (width // 4, width * 3 // 4)
    return [round(int(np.mean(image[y, x])) / 10) * 10 for y in rows for x in columns]


def write_video(
    path: Path,
    pts: Sequence[int],
    picture: UInt8Array | None = None,
    *,
    time_base: Fraction = MILLISECOND,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rotation: int | None = None,
    mirrored: bool = False,
    sound: bool = False,
    options: dict[str, str] | None = None,
    stream_options: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
) -> Path:
    """A video of ``picture`` (grey) at the given times; frame i is brightened by i.

    rotation: degrees counter-clockwise that a player has to turn it, mirrored: flip it after;
    sound: with a second of silence from time 0; options, metadata: of the container;
    stream_options: of the encoder.
    """
    picture = quadrants() if picture is None else picture
    with av.open(str(path), "w", options=options or {}) as container:
        container.metadata.update(metadata or {})
        stream: Any = container.add_stream(codec, rate=25, options=stream_options or {})
        stream.height, stream.width = picture.shape
        stream.pix_fmt = pix_fmt
        stream.time_base = stream.codec_context.time_base = time_base
        stream.codec_context.thread_count = 1  # else the bytes depend on the number of cores
        if rotation is not None:
            stream.set_display_rotation(rotation, hflip=mirrored)
        audio: Any = container.add_stream("aac", rate=8000, layout="mono") if sound else None
        if audio is not None:
            for start in range(0, 8000, 1000):
                silence = av.AudioFrame.from_ndarray(
                    np.zeros((1, 1000), np.float32), format="fltp", layout="mono"
                )
                silence.sample_rate, silence.pts = 8000, start
                container.mux(audio.encode(silence))
            container.mux(audio.encode(None))
        for i, ticks in enumerate(pts):
            grey = np.clip(picture.astype(int) + i, 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), "bgr24")
            frame.pts, frame.time_base = ticks, time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def noise(width: int = 64, height: int = 48, seed: int = 0) -> UInt8Array:
    """(h, w) grey that doesn't compress, so that a file has a middle to cut at."""
    return np.random.default_rng(seed).integers(0, 255, (height, width)).astype(np.uint8)


def write_picture(path: Path, image: Any, *, flags: Sequence[int] = ()) -> Path:
    """``image`` encoded by the suffix of ``path``."""
    done, encoded = cv2.imencode(path.suffix, image, list(flags))
    if not done:
        raise ValueError(f"{path} can't be encoded")
    path.write_bytes(encoded.tobytes())
    return path


def exif_jpeg(image: UInt8Array, orientation: int) -> bytes:
    """A JPEG with an EXIF block that holds only the orientation tag (274)."""
    jpeg = cv2.imencode(".jpg", image)[1].tobytes()
    ifd = struct.pack("<HHHIHHI", 1, 274, 3, 1, orientation, 0, 0)
    exif = b"Exif\0\0" + b"II*\0" + struct.pack("<I", 8) + ifd
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def huge_png(width: int, height: int) -> bytes:
    """A PNG whose header claims width × height and whose pixels are missing."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IEND", b"")
