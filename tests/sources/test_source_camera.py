from __future__ import annotations

import time
from typing import Any

import cv2
import numpy as np
import pytest

from prosopon.errors import InputError
from prosopon.sources.camera import CameraSource


class FakeCapture:
    """Three grey frames, or none where the index is not 0."""

    def __init__(self, index: int) -> None:
        self.left = 3 if index == 0 else 0

    def isOpened(self) -> bool:
        return self.left > 0

    def grab(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def retrieve(self) -> tuple[bool, Any]:
        return True, np.full((40, 60, 3), 90, np.uint8)

    def get(self, key: int) -> float:
        return 30.0 if key == cv2.CAP_PROP_FPS else 0.0

    def release(self) -> None:
        self.left = 0


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((100.0, 100.04, 100.11))
    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))


def test_frames_and_times() -> None:
    with CameraSource(0) as source:
        assert (source.kind, source.path, source.size) == ("camera", None, (60, 40))
        assert (source.fps, source.frame_count_estimate, source.duration) == (30.0, None, None)
        frames = list(source)
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert [frame.time for frame in frames] == pytest.approx([0, 0.04, 0.11])
    assert frames[0].luma[0, 0] == 90
    assert frames[0].color().shape == (40, 60, 3)
    assert source.problems == ["camera 0: stopped after 3 frames"]


def test_absent() -> None:
    with pytest.raises(InputError, match=r"camera 7: not found or in use; .* another index"):
        CameraSource(7)
