"""Which frames of a source are looked at: a stretch of it, every so many, or so many a second."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from numbers import Integral, Real

from prosopon.errors import InputError
from prosopon.sources.base import Source
from prosopon.types import Frame

_ROUNDING = 1e-6  # of a step: 2/30 s at 15 frames/s is step 1, not 0.9999999
_TIME = re.compile(r"(?:(?:([0-9]+):)?([0-9]+):)?([0-9]+(?:\.[0-9]*)?)")


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

    @classmethod
    def parse(
        cls,
        start: float | str = 0.0,
        end: float | str | None = None,
        every: int = 1,
        fps: float | None = None,
    ) -> Selection:
        """From what a user gives: times are seconds, or texts for :func:`parse_time`."""
        return cls(
            _seconds("start", start), None if end is None else _seconds("end", end), every, fps
        )

    def __post_init__(self) -> None:
        for name, value in (("start", self.start), ("end", self.end), ("fps", self.fps)):
            if not isinstance(value, Real) and (value is not None or name == "start"):
                raise InputError(f"{name}: expected a number, got {value!r}")
        if not isinstance(self.every, Integral):
            raise InputError(f"every: expected a whole number, got {self.every!r}")
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

    def check(self, source: Source) -> None:
        """InputError: a stretch of time or a rate, of pictures, which are all at time 0."""
        timed = self.start > 0 or self.end is not None or self.fps is not None
        if timed and source.kind in ("image", "images"):
            name = source.path or source.files[0].parent
            raise InputError(
                f"{name}: pictures have no time for start, end or fps; leave these out "
                "(every=N takes each Nth picture)"
            )

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


def parse_time(text: str) -> float:
    """Seconds from ``90.5``, ``1:30.5`` or ``0:01:30.5``. InputError: anything else."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise InputError(f"{text!r} is no time; give seconds or hh:mm:ss.mmm")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return 3600 * hours + 60 * minutes + seconds


def _seconds(name: str, time: float | str) -> float:
    if not isinstance(time, str):
        return time
    try:
        return parse_time(time)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


class SelectedSource(Source):
    """The selected frames of another source, which is closed with this one.

    InputError: the source has nothing that could be selected so, see :meth:`Selection.check`.
    """

    def __init__(self, source: Source, selection: Selection) -> None:
        super().__init__()
        selection.check(source)
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
