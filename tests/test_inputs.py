"""prosopon.inputs: from what the user typed to jobs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prosopon.errors import InputError
from prosopon.inputs import Job, find_jobs
from prosopon.sources.folder import open_folder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with two pictures, a video and a note in ``day``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "day").mkdir()
    for name in ("10.png", "9.JPG", "clip.mp4", "note.txt", ".hidden.png"):
        (tmp_path / "day" / name).touch()
    return tmp_path


PICTURES = (Path("day/9.JPG"), Path("day/10.png"))


def test_file_is_one_job_whatever_it_is_called():
    assert find_jobs(["day/note.txt"]) == [Job("day/note.txt", "day/note.txt", "note")]


def test_folder_is_a_job_for_its_pictures_and_one_for_each_video():
    assert find_jobs(["day"]) == [
        Job(PICTURES, "day", "day"),
        Job("day/clip.mp4", "day/clip.mp4", "clip"),
    ]


def test_overlays_of_earlier_runs_are_no_input_of_a_folder(here: Path):
    for name in ("clip.overlay.mp4", "9.overlay.png", "mine.overlay.mp4"):
        (here / "day" / name).touch()
    outputs = {"clip": ["clip.csv", "clip.overlay.mp4"], "9": ["9.csv", "9.overlay.png"]}
    for stem, names in outputs.items():
        (here / "day" / f"{stem}.json").write_text(json.dumps({"outputs": names}))
    (here / "day" / "mine.json").write_text("[]")
    assert [job.spec for job in find_jobs(["day"])] == [
        PICTURES,
        "day/clip.mp4",
        "day/mine.overlay.mp4",
    ]
    assert open_folder(Path("day")).files == PICTURES
    assert find_jobs(["day/clip.overlay.mp4"])[0].spec == "day/clip.overlay.mp4"


def test_folder_named_by_a_dot_takes_its_real_name(here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(here / "day")
    assert find_jobs(["."])[0].stem == "day"


@pytest.mark.parametrize("pattern", ["day/*.[jpJP]*[gG]", "*/[19]*"])
def test_pattern_of_pictures_is_one_job(pattern: str):
    (job,) = find_jobs([pattern])
    assert (job.spec, job.name) == (PICTURES, pattern)


def test_pattern_is_named_after_the_folder_before_it(here: Path):
    assert find_jobs(["day/*.png"])[0].stem == "day"
    assert find_jobs(["*/*.png"])[0].stem == here.name


def test_number_is_a_camera_unless_a_file_has_that_name(here: Path):
    assert find_jobs(["0"]) == [Job("0", "camera 0", "camera_0")]
    (here / "0").touch()
    assert find_jobs(["0"]) == [Job("0", "0", "0")]


def test_equal_stems_get_numbers_that_nobody_has():
    inputs = ["a/clip.mp4", "b/Clip.mov", "clip_2.mp4", "c/clip.mp4"]
    assert [job.stem for job in find_jobs(inputs)] == ["clip", "Clip_2", "clip_2_2", "clip_3"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("missing.mp4", "missing.mp4: no such file"),
        ("none/*.png", r"none/\*.png: no file matches"),
        ("empty", "empty: no pictures .* give videos and subfolders"),
    ],
)
def test_what_cannot_be_read_fails_when_it_is_opened(here: Path, text: str, message: str):
    (here / "empty").mkdir()
    (job,) = find_jobs([text])
    with pytest.raises(InputError, match=message):
        job.open()
