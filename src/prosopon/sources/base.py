"""What every source is: an iterator of frames that says what it reads and what went wrong."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from prosopon.errors import InputError
from prosopon.sources.damage import DamageLog
from prosopon.types import Frame

if TYPE_CHECKING:
    from typing_extensions import Self

MAX_PIXELS = 100_000_000
"""Largest picture that is read: decoding one takes 100 MB for luminance, 300 MB for colour."""

MIN_SIDE = 16
"""Smallest width and height that is read, px: less can't show a face."""


class Source(ABC):
    """A picture, a folder of pictures, a video or a camera; iterate over it once, then close it.

    kind: "image", "images", "video" or "camera".
    path: the file or folder; None for a camera and for a pattern such as ``faces/*.jpg``.
    files: the picture behind each frame index; empty where frames are not files of their own.
    size: (width, height) px of the frames, upright; None where they differ.
    frame_count_estimate: frames to expect, from what the file states; None when unknown.
    duration: seconds as the file states it; fps: nominal rate. Both are for information:
        times are those of the frames.
    time_base: seconds of one tick of the source's clock, so that a video can be written with the
        same timestamps; None where there is no such clock.
    skipped: frames or pictures that could not be read so far.
    problems: one line each for whatever could not be read or is missing so far.
    damage: frames of a video that were lost or damaged so far.
    """

    kind: str
    path: Path | None = None
    files: tuple[Path, ...] = ()
    size: tuple[int, int] | None = None
    frame_count_estimate: int | None = None
    duration: float | None = None
    fps: float | None = None
    time_base: Fraction | None = None

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.damage = DamageLog()
        self.skipped = 0

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """The frames in order of time."""

    def skip_to(self, start: float) -> None:
        """Frames before ``start`` (s) need not be given; the others keep their numbers and times.

        Called before the iteration. A source that can't save work this way does nothing.
        """
        return None

    def time_of(self, number: int) -> float | None:
        """Time (s) of a frame of a video; None when there is no such frame, or it can't be told
        without decoding. It goes through the whole file; call :meth:`skip_to` after it.
        """
        return None

    def report(self) -> tuple[str, ...]:
        """``problems``, and a line for each kind of damage."""
        return (*self.problems, *(f"{self.path}: {line}" for line in self.damage.lines()))

    def close(self) -> None:
        """Let go of the file or device. May be called twice."""
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def check_source(source: object) -> None:
    """InputError unless ``source`` is an open source, as against what one is opened from."""
    if not isinstance(source, Source):
        raise InputError(
            f"{source!r}: expected an open source, got {type(source).__name__}; "
            "open it with prosopon.sources.open_source, or use Analyzer.video"
        )


def check_size(name: object, width: int, height: int) -> None:
    """InputError unless a picture of width × height px is worth decoding and safe to decode."""
    if min(width, height) < MIN_SIDE:
        raise InputError(
            f"{name}: {width} by {height} pixels is too small to show a face; "
            f"give a picture of at least {MIN_SIDE} by {MIN_SIDE}"
        )
    if width * height > MAX_PIXELS:
        raise InputError(
            f"{name}: {width} by {height} pixels is over the limit of {MAX_PIXELS // 10**6} "
            "megapixels; make it smaller or cut it up"
        )
