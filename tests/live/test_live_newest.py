import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from prosopon.errors import InputError
from prosopon.live.newest import NewestFrames
from prosopon.sources import Source
from prosopon.types import Frame


class Numbers(Source):
    """Frames of one value each, whose memory is used again as a decoder's is."""

    def __init__(self, count: int, kind: str = "video", error: Exception | None = None) -> None:
        super().__init__()
        self.kind, self.count, self.error = kind, count, error
        self.given = threading.Semaphore(0)
        self.closed = False

    def __iter__(self) -> Iterator[Frame]:
        memory = np.zeros((16, 16, 3), np.uint8)
        for i in range(self.count):
            if self.kind == "video":
                memory[:] = i
                image = memory
            else:
                image = np.full((16, 16, 3), i, np.uint8)
            yield Frame(image[..., 0], i, i / 100, lambda image=image: image)
            self.given.release()
        if self.error:
            raise self.error

    def close(self) -> None:
        self.closed = True


def test_without_a_pace_every_frame_has_its_turn_and_stays_valid():
    with NewestFrames(Numbers(20)) as frames:
        kept = list(frames)

    assert [int(frame.color()[0, 0, 0]) for frame in kept] == list(range(20))
    assert [int(frame.luma[0, 0]) for frame in kept] == list(range(20))
    assert frames.skipped == 0


def test_of_a_camera_the_newest_frame_wins():
    camera = Numbers(50, "camera")
    seen = []
    with NewestFrames(camera) as frames:
        for frame in frames:
            seen.append(frame.index)
            if len(seen) == 1:
                while camera.given._value < 49:  # all have come while this one is looked at
                    time.sleep(0.001)
    assert seen[-1] == 49
    assert len(seen) + frames.skipped == 50


def test_as_live_waits_for_the_time_of_each_frame():
    with NewestFrames(Numbers(5), as_live=True) as frames:
        begun = time.monotonic()
        last = [frame.index for frame in frames][-1]
        assert time.monotonic() - begun >= 0.04
        assert frames.taken - begun >= 0.039
    assert last == 4


def test_an_error_of_the_source_comes_where_the_frames_are_used():
    with (
        NewestFrames(Numbers(1, error=InputError("camera 0: gone"))) as frames,
        pytest.raises(InputError, match="gone"),
    ):
        list(frames)


def test_it_can_be_left_early():
    source = Numbers(10_000)
    with NewestFrames(source) as frames:
        assert next(iter(frames)).index == 0
    assert source.closed
