"""Intrinsics from numbers and from OpenCV's calibration files."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from prosopon.calibration import Intrinsics, choose, read_camera
from prosopon.errors import InputError
from prosopon.geometry import Camera

MATRIX = np.array([[812.5, 0, 655.0], [0, 815.0, 350.5], [0, 0, 1]])


def write(path: Path, matrix: np.ndarray = MATRIX, **more: object) -> Path:
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.write("camera_matrix", matrix)
    for name, value in more.items():
        storage.write(name, value)
    storage.release()
    return path


@pytest.mark.parametrize("suffix", ["yaml", "json", "xml"])
def test_a_file_that_opencv_wrote(tmp_path: Path, suffix: str):
    path = write(
        tmp_path / f"camera.{suffix}",
        distortion_coefficients=np.array([[-0.2, 0.05, 0.001, 0.0, 0.0]]),
        image_width=1280,
        image_height=720,
    )
    camera = read_camera(path)
    assert camera == Camera(812.5, 815.0, 655.0, 350.5, (1280, 720), (-0.2, 0.05, 0.001, 0.0, 0.0))
    half = camera.at(640, 360)
    assert (half.fx, half.fy) == (406.25, 407.5)
    assert (half.cx, half.cy) == pytest.approx((327.25, 175.0))
    with pytest.raises(InputError, match="calibrated for pictures of 1280×720, these are 640×480"):
        camera.at(640, 480)


def test_json_with_lists(tmp_path: Path):
    path = tmp_path / "camera.json"
    path.write_text(json.dumps({"K": MATRIX.tolist(), "dist": [0.1, 0, 0, 0]}))
    assert read_camera(path) == Camera(812.5, 815.0, 655.0, 350.5, None, (0.1, 0.0, 0.0, 0.0))


def test_without_size_it_serves_any_picture(tmp_path: Path):
    camera = read_camera(write(tmp_path / "camera.yaml"))
    assert camera.at(333, 222) is camera


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("%YAML:1.0\n---\nother: 3\n", "has no camera_matrix", id="none"),
        pytest.param("not a camera", "not a file of cv2.FileStorage", id="text"),
    ],
)
def test_files_that_hold_no_camera(tmp_path: Path, text: str, why: str):
    path = tmp_path / "camera.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=why):
        read_camera(path)
    with pytest.raises(InputError, match="no such file"):
        read_camera(tmp_path / "absent.yaml")


def test_a_matrix_of_nothing(tmp_path: Path):
    with pytest.raises(InputError, match="focal lengths 0"):
        read_camera(write(tmp_path / "camera.yaml", np.zeros((3, 3))))


def test_numbers_fill_in_for_each_other():
    guess = Camera.default(640, 480)
    assert Intrinsics().at(640, 480) == guess
    assert Intrinsics(fx=700).at(640, 480) == Camera(700, 700, 320, 240)
    assert Intrinsics(fy=700, cx=0.0).at(640, 480) == Camera(700, 700, 0.0, 240)
    with pytest.raises(InputError, match="--fx -1"):
        Intrinsics(fx=-1)


def test_a_command_takes_a_file_or_numbers(tmp_path: Path):
    path = write(tmp_path / "camera.yaml")
    assert choose(None, None, None, None, None) is None
    assert choose(None, 500.0, None, None, None) == Intrinsics(fx=500.0)
    assert choose(path, None, None, None, None) == read_camera(path)
    with pytest.raises(InputError, match="one or the other"):
        choose(path, 500.0, None, None, None)


def test_points_without_the_lens():
    camera = Camera(800, 800, 320, 240, None, (-0.3, 0.1, 0.0, 0.0, 0.0))
    rays = np.array([[0.3, -0.2, 1.0], [0.0, 0.0, 1.0], [-0.1, 0.25, 1.0]])
    matrix = np.array([[800, 0, 320], [0, 800, 240], [0, 0, 1.0]])
    seen, _ = cv2.projectPoints(rays, np.zeros(3), np.zeros(3), matrix, np.array(camera.distortion))
    straight = rays[:, :2] * 800 + [320, 240]
    assert camera.undistorted(seen.reshape(1, 3, 2))[0] == pytest.approx(straight, abs=0.05)
    plain = np.zeros((1, 3, 2))
    assert Camera(800, 800, 320, 240).undistorted(plain) is plain
