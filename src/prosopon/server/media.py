"""What a file is, by its first bytes.

FFmpeg also opens play lists and other small texts that name further files and addresses to read:
a visitor could make the server fetch what only the server may see. So what does not begin as a
container of pictures or video is not shown to it at all.
"""

from __future__ import annotations

import re
from pathlib import Path

from prosopon.errors import InputError

HEAD_BYTES = 400

# First bytes → media type. Layouts: see prosopon.sources.header; ISO 14496-12, RFC 9559
# (Matroska), RFC 3533 (Ogg), ISO 13818-1 (MPEG-2 systems), SMPTE 377 (MXF).
_SIGNATURES: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), kind)
    for pattern, kind in (
        (rb"\x89PNG\r\n\x1a\n", "image/png"),
        (rb"\xff\xd8\xff", "image/jpeg"),
        (rb"RIFF....WEBP", "image/webp"),
        (rb"GIF8[79]a", "image/gif"),
        (rb"II\*\0|MM\0\*", "image/tiff"),
        (rb"BM.{12}[\x28\x6c\x7c]\0\0\0", "image/bmp"),
        (rb"P[1-6]\s", "image/x-portable-anymap"),
        (rb"....ftypqt  |....(?:moov|mdat|wide|free|skip)", "video/quicktime"),
        (rb"....ftyp", "video/mp4"),
        (rb"\x1a\x45\xdf\xa3.{0,60}webm", "video/webm"),
        (rb"\x1a\x45\xdf\xa3", "video/x-matroska"),
        (rb"RIFF....AVI ", "video/x-msvideo"),
        (rb"OggS", "video/ogg"),
        (rb"FLV\x01", "video/x-flv"),
        (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-wmv"),
        (rb"\x00\x00\x01[\xba\xb3]", "video/mpeg"),
        (rb"\x47.{187}\x47|.{4}\x47.{191}\x47", "video/mp2t"),
        (rb"\x06\x0e\x2b\x34\x02\x05\x01\x01", "application/mxf"),
    )
)


def media_type(head: bytes) -> str | None:
    """The media type of a file that begins with ``head``; None when it is no picture or video."""
    return next((kind for pattern, kind in _SIGNATURES if pattern.match(head)), None)


def check_media(path: Path, name: str) -> str:
    """The media type of a file, called ``name`` in errors. InputError: no picture or video."""
    try:
        with path.open("rb") as file:
            kind = media_type(file.read(HEAD_BYTES))
    except OSError as error:
        raise InputError(f"{name}: can't be read: {error.strerror}") from error
    if kind is None:
        raise InputError(
            f"{name}: not a picture or video that can be read; "
            "give JPEG, PNG, WebP, TIFF, MP4, MOV, WebM, MKV, AVI or GIF"
        )
    return kind
