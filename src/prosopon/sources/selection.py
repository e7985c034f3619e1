"""Which frames of a source are looked at: a stretch of it, every so many, or so many a second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from prosopon.errors import InputError
from prosopon.sources.base import Source
from prosopon.types import Frame

_ROUNDING = 1e-6  # of a step: 2/30 s at 15 frames/s is step 1, not 0.9999999


@dataclass(frozen=True, slots=True)
class Selection:
    """Frames from ``start`` to before ``end`` (s), of which some may be passed over.

    every: the first of them and then each so-manieth; fps: of each 1/fps seconds from ``start``
    on the first frame, if there is one. No frame is given twice, none is made up: each keeps its
    number and time. InputError: values that make no sense, or both every and fps.
    """

    start: float = 0.0
    end: float | None = None
    every: int = 1
    fps: float | None = None

    def __post_init__(self) -> None:
        if not (isfinite(self.start) and self.start >= 0):
            raise InputError(f"start: expected 0 s or later, got {self.start:g}")
        if self.end is not None and not self.end > self.start:
            raise InputError(f"end: expected later than {self.start:g} s, got {self.end:g}")
        if self.every < 1:
            raise InputError(f"every: expected 1 or more, got {self.every}")
        if self.fps is not None and not (isfinite(self.fps) and self.fps > 0):
            raise InputError(f"fps: expected more than 0, got {self.fps:g}")
        if self.fps is not None and self.every > 1:
            raise InputError("every and fps: expected one of them; both thin out frames")

    def pick(self, source: Source) -> Iterator[Frame]:
        """The selected frames of ``source``, which has not been iterated over."""
        if self.start > 0:
            source.skip_to(self.start)
        count, taken = 0, -1
        for frame in source:
            if frame.time < self.start:
                continue
            if self.end is not None and frame.time >= self.end:
                return
            if self.fps is not None:
                step = int((frame.time - self.start) * self.fps + _ROUNDING)
                if step > taken:
                    taken = step
                    yield frame
            else:
                if count % self.every == 0:
                    yield frame
                count += 1

    def estimate(self, source: Source) -> int | None:
        """How many frames will be given; None when the source does not say what it holds."""
        total = source.frame_count_estimate
        if total is None or self == EVERYTHING:
            return total
        if source.fps is None:
            return -(-total // self.every)
        end = total / source.fps if self.end is None else min(self.end, total / source.fps)
        rate = source.fps if self.fps is None else min(self.fps, source.fps)
        return max(0, round((end - self.start) * rate / self.every))


EVERYTHING = Selection()


class SelectedSource(Source):
    """The selected frames of another source, which is closed with this one."""

    def __init__(self, source: Source, selection: Selection) -> None:
        super().__init__()
        self.kind, self.path, self.files, self.size = (
            source.kind,
            source.path,
            source.files,
            source.size,
        )
        self.duration, self.fps, self.time_base = source.duration, source.fps, source.time_base
        self.frame_count_estimate = selection.estimate(source)
        self.problems, self.damage = source.problems, source.damage
        self._source, self._selection = source, selection

    def __iter__(self) -> Iterator[Frame]:
        try:
            yield from self._selection.pick(self._source)
        finally:
            self.skipped = self._source.skipped

    def close(self) -> None:
        self._source.close()
