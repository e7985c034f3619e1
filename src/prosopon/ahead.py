"""Spans of a long video, watched by others before the run that decides who is who gets there.

A span begins at an anchor of the tracker (``prosopon.track.tracker``), where every face is found
anew. Whoever watches it decodes from the keyframe but one before, so that it overlaps with the
span before it, and leaves in a file what was asked of its frames and answered (``prosopon.seen``).
The run that gets there asks again: where it asks the same, the rows are its own, to the byte; where
it would ask anything else, as of somebody whom the detector doesn't see, it measures the span.
"""

from __future__ import annotations

import os
import pickle
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from prosopon.seen import Seen
from prosopon.sources import Source, open_source
from prosopon.track import tracker
from prosopon.types import Frame, UInt8Array
from prosopon.writers.base import output_errors

if TYPE_CHECKING:
    from prosopon.pipeline import Analyzer

PATIENCE = 20.0
"""Seconds that a span in the making is waited for while it doesn't grow."""
_LOOK_EVERY = 0.05  # s


@dataclass(frozen=True, slots=True)
class Span:
    """What was seen of a span. before, last: ``checksum`` of the frame before, and of its last."""

    frames: Sequence[Seen]
    before: int
    last: int


def is_start(number: int) -> bool:
    """Whether a span may begin with the frame that is preceded by ``number`` others."""
    return number > 0 and number % tracker.ANCHOR_EVERY == 0


def checksum(luma: UInt8Array) -> int:
    """Of a picture (h, w)."""
    return zlib.crc32(luma.tobytes())


class Ahead:
    """The spans of one input that were watched ahead, as files in ``folder``.

    key: what they belong to, as of ``prosopon.checkpoints``. The files are pickles: the folder is
    to be as trusted as the program.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._folder, self._key = folder, key

    def clear(self) -> None:
        """Whatever is in the making was left so by somebody who is gone, or is to do without."""
        for path in self._folder.glob("ahead-*.part"):
            path.unlink(missing_ok=True)

    def has(self, number: int) -> bool:
        """Whether the span from frame ``number`` on is there or in the making."""
        return self._path(number).exists() or self._part(number).exists()

    def take(self, number: int, waiting: Callable[[], object]) -> Span | None:
        """The span from frame ``number`` on, waited for while it is in the making; None: there is
        none. waiting: called when a span that is waited for has grown."""
        path, part = self._path(number), self._part(number)
        size, since = -1, time.monotonic()
        while part.exists():
            with suppress(OSError):
                if part.stat().st_size != size:
                    size, since = part.stat().st_size, time.monotonic()
                    waiting()
            if time.monotonic() - since > PATIENCE:
                part.unlink(missing_ok=True)
            time.sleep(_LOOK_EVERY)
        # A file has its name when it is complete.
        with suppress(FileNotFoundError), path.open("rb") as file:
            key, before = pickle.load(file)
            if key == self._key:
                frames = [pickle.load(file) for _ in range(tracker.ANCHOR_EVERY)]
                return Span(frames, before, pickle.load(file))
        return None

    def drop(self, number: int) -> None:
        """The span from frame ``number`` on was used, or is of no use."""
        self._path(number).unlink(missing_ok=True)

    def watch(
        self, analyzer: Analyzer, path: Path, number: int, note: Callable[[int], object]
    ) -> bool:
        """Watch the span of the video ``path`` from frame ``number`` on, and keep what was seen.

        Returns False where there is no such span, or nothing is to be kept of it: damaged, without
        a clock, or nobody waits for it any more. note: called with the number of frames seen.
        InputError: it can't be read. OutputError: no room.
        """
        try:
            file = self._part(number).open("xb")
        except OSError:  # the run is through, or somebody watches it
            return False
        done = False
        try:
            with file, open_source(path) as source, output_errors(self._part(number)):
                frames = _frames_from(source, number - 1)
                before = next(frames, None)
                if before is None:
                    return False
                pickle.dump((self._key, checksum(before.luma)), file)
                count, last, moment = 0, before.luma, before.time

                def checked() -> Iterator[Frame]:
                    nonlocal last, moment
                    for frame in islice(frames, tracker.ANCHOR_EVERY):
                        if frame.size != before.size or frame.time <= moment:
                            return
                        last, moment = frame.luma, frame.time
                        yield frame

                for seen in analyzer.watch(checked(), number):
                    pickle.dump(seen, file, protocol=5)
                    count += 1
                    if count % 64 == 0:
                        file.flush()
                        note(count)
                pickle.dump(checksum(last), file)
                done = count == tracker.ANCHOR_EVERY and _is_clean(source)
        finally:
            if done:
                with suppress(FileNotFoundError):  # nobody waits for it any more
                    os.replace(self._part(number), self._path(number))
            else:
                self._part(number).unlink(missing_ok=True)
        return done

    def _path(self, number: int) -> Path:
        return self._folder / f"ahead-{number}"

    def _part(self, number: int) -> Path:
        return self._folder / f"ahead-{number}.part"


def _frames_from(source: Source, number: int) -> Iterator[Frame]:
    """The frames of a video from ``number`` on, without a gap; none where that can't be told."""
    moment = source.time_of(number)
    if moment is None:
        return
    source.skip_to(moment)
    for frame in source:
        if frame.index >= number:
            if frame.index != number:
                return
            yield frame
            number += 1


def _is_clean(source: Source) -> bool:
    return not (source.skipped or source.problems or len(list(source.damage)))
