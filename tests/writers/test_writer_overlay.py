from __future__ import annotations

import errno
import os
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest

from media import noise, quadrants, write_picture, write_video
from prosopon.errors import OutputError
from prosopon.sources import Source, open_source
from prosopon.types import FaceTable, Frame
from prosopon.writers.overlay import OverlayVideo, OverlayWriter, open_overlay
from tables import SCHEMA, face_table

NOBODY = FaceTable.concat([], SCHEMA)


def _frame(index: int, time: float, width: int = 64, height: int = 48) -> Frame:
    image = np.full((height, width, 3), 100, np.uint8)
    return Frame(image[:, :, 0], index, time, lambda: image)


def _draw(source: Source, base: Path, faces: FaceTable = NOBODY) -> Path:
    with source, open_overlay(base, source) as overlay:
        for frame in source:
            overlay.write(frame, faces)
    return overlay.path


def _pts(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        return [
            float(f.pts * stream.time_base) for f in container.decode(stream) if f.pts is not None
        ]


def test_video_keeps_irregular_times(tmp_path: Path) -> None:
    source = open_source(write_video(tmp_path / "a.mkv", (400, 440, 490, 600, 610, 900)))
    path = _draw(source, tmp_path / "out" / "a")
    assert path == tmp_path / "out" / "a.overlay.mp4"
    assert _pts(path) == [0.4, 0.44, 0.49, 0.6, 0.61, 0.9]
    assert list(path.parent.iterdir()) == [path]


def test_gif_becomes_a_video(tmp_path: Path) -> None:
    clip = write_video(
        tmp_path / "a.gif", (0, 8, 17), codec="gif", pix_fmt="gray", time_base=Fraction(1, 100)
    )
    assert _pts(_draw(open_source(clip), tmp_path / "a")) == [0.0, 0.08, 0.17]


def test_odd_size_is_padded(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with OverlayVideo(path, None) as overlay:
        overlay.write(_frame(0, 0.0, 67, 49), NOBODY)
        overlay.write(_frame(1, 0.1, 33, 25), NOBODY)  # a stream may change its size
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    assert [frame.shape for frame in frames] == [(50, 68, 3)] * 2
    assert abs(int(frames[0][49, 67, 1]) - 100) < 5


def test_faces_are_drawn_on_a_copy(tmp_path: Path) -> None:
    frame = _frame(0, 0.0, 320, 240)
    with OverlayVideo(tmp_path / "a.mp4", None) as overlay:
        overlay.write(frame, face_table())
    assert (frame.color() == 100).all()
    with av.open(str(tmp_path / "a.mp4")) as container:
        image = next(container.decode(video=0)).to_ndarray(format="bgr24")
    assert np.abs(image.astype(int) - 100).max() > 100


def test_times_that_stand_still_are_moved_on(tmp_path: Path) -> None:
    with OverlayVideo(tmp_path / "a.mp4", Fraction(1, 1000)) as overlay:
        for i, time in enumerate((0.0, 0.1, 0.1, 0.05, 0.2)):
            overlay.write(_frame(i, time), NOBODY)
    assert _pts(tmp_path / "a.mp4") == pytest.approx([0.0, 0.1, 0.101, 0.102, 0.2])


def test_without_x264(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av, "codecs_available", {"mpeg4"})
    with OverlayVideo(tmp_path / "a.mp4", None) as overlay:
        for i in range(3):
            overlay.write(_frame(i, i / 30), NOBODY)
    assert _pts(tmp_path / "a.mp4") == pytest.approx([0, 1 / 30, 2 / 30], abs=1e-5)


@pytest.mark.parametrize(
    ("name", "suffix"), [("a.png", ".png"), ("a.JPG", ".jpg"), ("a.bmp", ".png")]
)
def test_a_picture_stays_a_picture(tmp_path: Path, name: str, suffix: str) -> None:
    picture = write_picture(tmp_path / name.lower(), quadrants()).rename(tmp_path / name)
    path = _draw(open_source(picture), tmp_path / "out" / "a")
    assert path == tmp_path / "out" / f"a.overlay{suffix}"
    image = cv2.imread(str(path))
    assert image is not None
    assert image.shape == (48, 64, 3)


def test_pictures_go_to_a_folder(tmp_path: Path) -> None:
    for name in ("x.png", "X.bmp", "y.jpg"):
        write_picture(tmp_path / name, noise())
    path = _draw(open_source(tmp_path), tmp_path / "out" / "all")
    assert path == tmp_path / "out" / "all.overlay"
    assert sorted(file.name for file in path.iterdir()) == ["X.png", "x-2.png", "y.jpg"]


def test_no_frame_no_file(tmp_path: Path) -> None:
    with OverlayVideo(tmp_path / "a.mp4", None):
        pass
    assert list(tmp_path.iterdir()) == []


def _write_and_raise(overlay: OverlayWriter, error: type[BaseException]) -> None:
    with overlay:
        for i in range(5):
            overlay.write(_frame(i, i / 25), NOBODY)
        raise error


def test_interrupt_keeps_the_video(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        _write_and_raise(OverlayVideo(tmp_path / "a.mp4", None), KeyboardInterrupt)
    assert len(_pts(tmp_path / "a.mp4")) == 5


def test_error_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        _write_and_raise(OverlayVideo(tmp_path / "a.mp4", None), ZeroDivisionError)
    assert list(tmp_path.iterdir()) == []


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    overlay = OverlayVideo(tmp_path / "a.mp4", None)
    monkeypatch.setattr(OverlayVideo, "_encode", fail)
    with pytest.raises(OutputError, match=r"a\.mp4: can't be written: the disk is full"), overlay:
        overlay.write(_frame(0, 0.0), NOBODY)
    assert list(tmp_path.iterdir()) == []


def test_camera_without_a_clock(tmp_path: Path) -> None:
    source = SimpleNamespace(kind="camera", files=(), time_base=None)
    with open_overlay(tmp_path / "camera_0", source) as overlay:
        for i, time in enumerate((0.0, 0.0371, 0.0712)):
            overlay.write(_frame(i, time), NOBODY)
    assert _pts(overlay.path) == pytest.approx([0.0, 0.0371, 0.0712], abs=1e-5)
