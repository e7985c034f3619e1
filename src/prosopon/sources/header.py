"""Format and size of a picture from its first bytes, without decoding it.

Decoders allocate the whole picture before they can be stopped, so the size is looked up here
first. Layouts: PNG (W3C, 2003), JPEG (ITU T.81), WebP (RFC 9649), TIFF 6.0, BMP, Netpbm.
"""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from prosopon.errors import InputError

Bytes = bytes | mmap.mmap


@dataclass(frozen=True, slots=True)
class Header:
    """format: "JPEG", "PNG" …; width, height: px as stored, before any EXIF rotation;
    alpha: it has a transparency channel; animated: it holds several frames;
    complete: False where the file is known to end too early."""

    format: str
    width: int
    height: int
    alpha: bool = False
    animated: bool = False
    complete: bool = True


def read_header(path: Path) -> Header | None:
    """Header of a picture file; None when it is none of the formats above.

    InputError: the file is a picture but its header is broken, or of a format that is refused.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return parse_header(data, path)


def parse_header(data: Bytes, name: object) -> Header | None:
    """Header of the picture ``data``, called ``name`` in errors; otherwise as read_header."""
    start = data[:32]
    if start[4:8] == b"ftyp" and start[8:12] in _STILL_BRANDS:
        raise InputError(f"{name}: HEIF and AVIF pictures aren't read; save it as JPEG or PNG")
    for signature, parse in _FORMATS:
        if signature.match(start):
            try:
                return parse(data)
            except (struct.error, IndexError, ValueError):
                raise InputError(
                    f"{name}: damaged picture (its header is cut off); copy or export it again"
                ) from None
    return None


def _png(data: Bytes) -> Header:
    # Colour types 4 and 6 carry alpha; a palette or a single colour is made transparent by tRNS.
    width, height, _, colour_type = struct.unpack_from(">IIBB", data, 16)
    alpha, complete, position = colour_type in (4, 6), False, 8
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        alpha |= name == b"tRNS"
        complete = name == b"IEND"
        position += length + 12
    return Header("PNG", width, height, alpha, complete=complete and position <= len(data))


def _jpeg(data: Bytes) -> Header:
    position = 2
    while True:
        while data[position + 1] == 0xFF:  # fill bytes
            position += 1
        marker, length = struct.unpack_from(">xBH", data, position)
        # Start of frame: C0–CF without DHT (C4), JPG (C8) and DAC (CC).
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, position + 5)
            # From here on the end marker can't stand inside other data, as in a thumbnail.
            return Header("JPEG", width, height, complete=data.find(b"\xff\xd9", position) >= 0)
        position += 2 + length


def _webp(data: Bytes) -> Header:
    complete = len(data) >= struct.unpack_from("<I", data, 4)[0] + 8
    chunk = data[12:16]
    if chunk == b"VP8X":
        flags = data[20]
        width = 1 + int.from_bytes(data[24:27], "little")
        height = 1 + int.from_bytes(data[27:30], "little")
        return Header("WebP", width, height, bool(flags & 16), bool(flags & 2), complete)
    if chunk == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        size = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        return Header("WebP", *size, alpha=bool(bits >> 28 & 1), complete=complete)
    width, height = struct.unpack_from("<HH", data, 26)
    return Header("WebP", width & 0x3FFF, height & 0x3FFF, complete=complete)


def _tiff(data: Bytes) -> Header:
    order = "<" if data[:2] == b"II" else ">"
    offset = struct.unpack_from(order + "I", data, 4)[0]
    tags: dict[int, int] = {}
    for i in range(struct.unpack_from(order + "H", data, offset)[0]):
        entry = offset + 2 + 12 * i
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        tags[tag] = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, entry + 8)[0]
    if 256 not in tags or 257 not in tags:
        raise ValueError("no ImageWidth or ImageLength")
    # ExtraSamples (338) may be left out of RGB (262: 2) with four SamplesPerPixel (277).
    alpha = 338 in tags or (tags.get(262), tags.get(277)) == (2, 4)
    return Header("TIFF", tags[256], tags[257], alpha)


def _bmp(data: Bytes) -> Header:
    width, height = struct.unpack_from("<ii", data, 18)
    return Header("BMP", width, abs(height))


def _netpbm(data: Bytes) -> Header:
    match = re.match(rb"P[1-6](?:\s+|#[^\n]*\n)+(\d+)(?:\s+|#[^\n]*\n)+(\d+)\s", data[:4096])
    if match is None:
        raise ValueError("no width and height")
    return Header("Netpbm", int(match[1]), int(match[2]))


_STILL_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif"))
_FORMATS: tuple[tuple[re.Pattern[bytes], Callable[[Bytes], Header]], ...] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), _png),
    (re.compile(rb"\xff\xd8\xff"), _jpeg),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), _webp),
    (re.compile(rb"II\*\0|MM\0\*"), _tiff),
    (re.compile(rb"BM.{12}[\x28\x6c\x7c]\0\0\0", re.DOTALL), _bmp),
    (re.compile(rb"P[1-6]\s"), _netpbm),
)
