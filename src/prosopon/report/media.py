"""The picture behind the overlay: a video by reference or whole, or a strip of frames."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cv2
import numpy as np

from prosopon.errors import InputError, OutputError
from prosopon.report.data import Still
from prosopon.sources import Source, open_source
from prosopon.sources.folder import FolderSource
from prosopon.types import FaceTable, UInt8Array

PLAYABLE = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/mp4",  # what browsers play of it they play under this name
    ".webm": "video/webm",
    ".ogv": "video/ogg",
}
"""Suffixes of what browsers play, with the type under which they do."""

CODECS = frozenset("h264 vp8 vp9 av1 theora".split())
"""FFmpeg's names of what all browsers play; HEVC, for one, only some do."""

STILLS = 48
_FEW = 8  # up to so many pictures are kept large
_LARGE, _SMALL = 1280, 320  # px of the longer side
_QUALITY = 75


def plays(video: Path) -> bool:
    """Whether browsers play ``video``. InputError: it is no video, or can't be read."""
    if video.suffix.lower() not in PLAYABLE:
        return False
    import av
    import av.error

    try:
        with av.open(str(video), metadata_errors="replace") as container:
            streams = container.streams.video
            return bool(streams) and streams[0].codec_context.name in CODECS
    except (av.error.FFmpegError, OSError) as error:
        raise InputError(f"{video}: can't be opened as a video ({error.strerror})") from error


def video_url(video: Path, page: Path) -> str:
    """URL of ``video`` as seen from ``page``: relative, so that both can be moved together."""
    try:
        relative = os.path.relpath(video.resolve(), page.resolve().parent)
    except ValueError:  # on another drive
        return video.resolve().as_uri()
    return quote(Path(relative).as_posix())


def video_content(video: Path) -> tuple[str, str]:
    """(type, base64) of a video that the page is to hold. InputError: can't be read."""
    try:
        return PLAYABLE[video.suffix.lower()], base64.b64encode(video.read_bytes()).decode()
    except OSError as error:
        raise InputError(f"{video}: can't be read: {error.strerror or error}") from error


def source_files(info: Mapping[str, Any], beside: Path) -> Path | tuple[Path, ...] | None:
    """What the sidecar ``info`` says was measured, if it is still there with its size in bytes.

    Relative paths count from the working folder, else from the folder of the table, ``beside``.
    """
    told = info.get("input", {})
    files = [_find(entry, beside) for entry in told.get("files", [])]
    if files:
        return tuple(path for path in files if path) if all(files) else None
    return _find(told, beside)


def _find(entry: Mapping[str, Any], beside: Path) -> Path | None:
    named = Path(str(entry.get("path", "")))
    for path in (named, beside / named, beside / named.name):
        if path.is_file() and path.stat().st_size == entry.get("bytes"):
            return path
    return None


def stills(source: Path | tuple[Path, ...], table: FaceTable, count: int = STILLS) -> list[Still]:
    """Up to ``count`` frames of ``source`` as JPEG, spread over the frames of ``table``.

    InputError: it can't be read.
    """
    frames, first = np.unique(table["frame"], return_index=True)
    times = table["time"][first].astype(float)
    timed = len(frames) == 1 or np.ptp(times) > 0
    places = np.unique(np.linspace(0, len(frames) - 1, min(count, len(frames))).round().astype(int))
    wanted = {int(frames[place]): float(times[place] if timed else place) for place in places}
    side = _LARGE if len(wanted) <= _FEW else _SMALL
    found = []
    with _open(source) as opened:
        for frame in opened:
            if frame.index in wanted:
                url = _picture(frame.color(), side)
                found.append(Still(wanted[frame.index], url))
            if len(found) == len(wanted):
                break
    return found


def _open(source: Path | tuple[Path, ...]) -> Source:
    return FolderSource(source) if isinstance(source, tuple) else open_source(source)


def _picture(image: UInt8Array, side: int) -> str:
    """``image`` as a data: URL, its longer side at most ``side`` px."""
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    done, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise OutputError(f"a frame of {width} by {height} px can't be encoded as JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode()
