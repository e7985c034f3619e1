"""The examples run as a user would run them, on the clip that ships with them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
CLIP = EXAMPLES / "clip.mp4"

pytestmark = pytest.mark.skipif(not CLIP.is_file(), reason=f"no {CLIP.name} beside the examples")


def start(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / script), *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        timeout=120,
    )


def run(script: str, *arguments: object) -> str:
    finished = start(script, *arguments)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def photograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first frame of the clip as a PNG."""
    capture = cv2.VideoCapture(str(CLIP))
    read, frame = capture.read()
    capture.release()
    assert read
    path = tmp_path_factory.mktemp("examples") / "frame.png"
    cv2.imwrite(str(path), frame)
    return path


def test_image(photograph: Path):
    printed = run("image.py", photograph)
    assert "face 0: box" in printed
    assert "AU12" in printed


def test_video_to_pandas():
    pytest.importorskip("pandas")
    assert "AU12" in run("video_to_pandas.py")


def test_own_boxes(photograph: Path):
    printed = run("own_boxes.py", photograph, 0, 0, 100, 100, 10, 10, 90, 90)
    assert printed.count("nose tip at") == 2


@pytest.mark.parametrize("script", ["image.py", "own_boxes.py"])
def test_without_a_photograph_the_usage(script: str):
    finished = start(script)
    assert finished.returncode == 1
    assert finished.stderr.startswith(f"usage: python examples/{script} PHOTO")
