"""Where frames come from: pictures, folders, videos, cameras."""

from __future__ import annotations

from glob import has_magic
from numbers import Integral
from pathlib import Path

from prosopon.errors import InputError
from prosopon.sources.animation import AnimationSource
from prosopon.sources.base import Source
from prosopon.sources.camera import CameraSource
from prosopon.sources.folder import open_folder, open_pattern
from prosopon.sources.header import read_header
from prosopon.sources.image import SUFFIXES, ImageSource, check_file, read_image
from prosopon.sources.selection import EVERYTHING, SelectedSource, Selection

__all__ = ["EVERYTHING", "SelectedSource", "Selection", "Source", "open_source", "read_image"]


def open_source(spec: str | Path | int, threads: int = 1) -> Source:
    """Open a picture, video, folder of pictures, pattern or camera.

    spec: path of a file or folder, a pattern such as ``faces/*.jpg``, or a camera index (also as
        text, where no file has that name). Files are told apart by their content.
    threads: decoder threads of a video, where they can't change what it gives.

    InputError: missing, empty, broken, too large (100 megapixels) or too small (16 px) a file, a
    folder or pattern without pictures, no such camera, no path or number at all.
    """
    if not isinstance(spec, str | Path | Integral):
        raise InputError(
            f"{spec!r}: expected a path or a camera's number, got {type(spec).__name__}"
        )
    path = Path(spec) if isinstance(spec, str | Path) else None
    if path is None or (isinstance(spec, str) and spec.isdecimal() and not path.exists()):
        return CameraSource(int(str(spec)))
    if path.is_dir():
        return open_folder(path)
    if has_magic(str(spec)) and not path.exists():
        return open_pattern(str(spec))
    return _open_file(path, threads)


def _open_file(path: Path, threads: int) -> Source:
    check_file(path)
    try:
        header = read_header(path)
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}") from error
    if header is not None and header.animated:
        return AnimationSource(path, header.width, header.height)
    if header is not None or path.suffix.lower() in SUFFIXES:
        return ImageSource(path)

    from prosopon.sources.video import VideoSource  # FFmpeg is loaded only for videos

    return VideoSource(path, threads)
