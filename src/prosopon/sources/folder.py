"""The pictures of a folder, or those that match a pattern, in natural order (2 before 10)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from glob import glob
from pathlib import Path

from prosopon.errors import InputError
from prosopon.sources.base import Source
from prosopon.sources.image import SUFFIXES, read_image
from prosopon.types import Frame


class FolderSource(Source):
    """Pictures as frames, each at time 0; frame i is ``files[i]``.

    A picture that can't be read is skipped and named in ``problems``; its index stays unused.
    """

    kind = "images"

    def __init__(self, files: Sequence[Path], path: Path | None = None) -> None:
        super().__init__()
        self.path = path
        self.files = tuple(files)
        self.frame_count_estimate = len(self.files)

    def __iter__(self) -> Iterator[Frame]:
        for index, path in enumerate(self.files):
            try:
                frame = read_image(path, index)
            except InputError as error:
                self.skipped += 1
                self.problems.append(str(error))
            else:
                yield frame


def open_folder(path: Path) -> FolderSource:
    """The pictures that lie directly in ``path``, see :func:`members`."""
    try:
        files = [p for p in members(path) if p.suffix.lower() in SUFFIXES]
    except OSError as error:
        raise InputError(f"{path}: the folder can't be read: {error.strerror}") from error
    if not files:
        raise InputError(
            f"{path}: no pictures (JPEG, PNG, WebP, TIFF, BMP) in this folder itself; "
            "give videos and subfolders by name, as FOLDER/*.mp4 or FOLDER/*/"
        )
    return FolderSource(natural_order(files), path)


def members(folder: Path) -> list[Path]:
    """What lies directly in ``folder``, but what is hidden and the overlays that an earlier run
    left there: to measure our own drawing is never meant. OSError: it can't be read."""
    return [p for p in folder.iterdir() if not p.name.startswith(".") and not is_overlay(p)]


def is_overlay(path: Path) -> bool:
    """Whether the sidecar beside ``path``, a file or folder, says that it was written with it."""
    stem, mark, suffix = path.name.rpartition(".overlay")
    if not mark or suffix[:1] not in ("", "."):
        return False
    try:
        told = json.loads(path.with_name(f"{stem}.json").read_text(encoding="utf-8"))
        return path.name in told["outputs"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def open_pattern(pattern: str) -> FolderSource:
    """The pictures that match ``pattern``, such as ``faces/*.jpg`` or ``faces/**/*.png``."""
    files = [path for path in map(Path, glob(pattern, recursive=True)) if path.is_file()]
    if not files:
        raise InputError(f"{pattern}: no file matches this pattern; check the name and the folder")
    return FolderSource(natural_order(files))


def natural_order(paths: Sequence[Path]) -> list[Path]:
    """Sorted with runs of digits compared as numbers and without regard to case."""
    return sorted(paths, key=_natural_key)


def _natural_key(path: Path) -> tuple[list[str | int], str]:
    parts = re.split(r"([0-9]+)", str(path).lower())
    # Odd positions are always digits, so that text is compared with text, number with number.
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], str(path)
