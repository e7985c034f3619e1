from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from prosopon.errors import InputError
from prosopon.sources import animation, open_source

pytestmark = pytest.mark.skipif(
    not hasattr(cv2, "imwriteanimation"), reason="this OpenCV can't write animated WebP"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    moving = cv2.Animation()
    moving.frames = [np.full((48, 64, 3), 40 * i, np.uint8) for i in range(5)]
    moving.durations = [40, 80, 120, 40, 40]
    assert cv2.imwriteanimation(str(tmp_path / "a.webp"), moving)
    return tmp_path / "a.webp"


@pytest.mark.parametrize("at_once", [64 * 48 * 2, 16_000_000])
def test_frames_and_times(path: Path, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(animation, "_PIXELS_AT_ONCE", at_once)
    with open_source(path) as source:
        assert (source.kind, source.size) == ("video", (64, 48))
        frames = list(source)
    assert [frame.time for frame in frames] == [0.0, 0.04, 0.12, 0.24, 0.28]
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert [round(int(frame.luma[5, 5]) / 40) for frame in frames] == [0, 1, 2, 3, 4]
    assert frames[1].color().shape == (48, 64, 3)


def test_truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(InputError, match="damaged or cut-off WebP"):
        open_source(path)
