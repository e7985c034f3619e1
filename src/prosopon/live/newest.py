"""Frames as they come: captured in a thread of its own, and the newest one wins."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from prosopon.sources import Source
from prosopon.types import Frame, UInt8Array


class NewestFrames(Source):
    """The frames of ``source``, each with a picture that stays valid.

    as_live: the frames of a file come at their own times, as a camera's do by themselves. Of a
    camera, or so, a frame that is not taken before the next comes is dropped, which ``skipped``
    counts; other frames wait for their turn.
    taken: seconds on the monotonic clock at which the frame last given was captured.
    """

    def __init__(self, source: Source, as_live: bool = False) -> None:
        super().__init__()
        self.kind, self.size, self.fps, self.path = (
            source.kind, source.size, source.fps, source.path,
        )  # fmt: skip
        self.taken = 0.0
        camera = source.kind == "camera"
        self._source, self._paced, self._drop = source, as_live and not camera, as_live or camera
        self._waiting: tuple[Frame, float] | None = None
        self._ended = self._stopped = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._capture, name="capture", daemon=True)

    def __iter__(self) -> Iterator[Frame]:
        self._thread.start()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or self._ended)
                if self._waiting is None:
                    break
                frame, self.taken = self._waiting
                self._waiting = None
                self._changed.notify_all()
            yield frame
        if self._error is not None:
            raise self._error
        self.problems.extend(self._source.problems)

    def close(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        self._source.close()

    def _capture(self) -> None:
        try:
            begun = time.monotonic()
            for frame in self._source:
                taken = time.monotonic()
                image, luma = frame.color(), frame.luma
                if self._source.kind != "camera":  # the decoder uses its memory again
                    image, luma = image.copy(), luma.copy()
                if self._paced and not self._sleep(begun + frame.time):
                    return
                if self._paced:
                    taken = time.monotonic()
                if not self._put(Frame(luma, frame.index, frame.time, _Kept(image)), taken):
                    return
        except BaseException as error:  # raised again where the frames are used
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _sleep(self, until: float) -> bool:
        """Wait for a moment of the monotonic clock; False when it is time to stop."""
        with self._changed:
            left = until - time.monotonic()
            if left > 0:
                self._changed.wait_for(lambda: self._stopped, timeout=left)
            return not self._stopped

    def _put(self, frame: Frame, taken: float) -> bool:
        with self._changed:
            if not self._drop:
                self._changed.wait_for(lambda: self._waiting is None or self._stopped)
            if self._stopped:
                return False
            self.skipped += self._waiting is not None
            self._waiting = frame, taken
            self._changed.notify_all()
        return True


class _Kept:
    """A picture that may be asked for at any time."""

    def __init__(self, image: UInt8Array) -> None:
        self._image = image

    def __call__(self) -> UInt8Array:
        return self._image
