from __future__ import annotations

from pathlib import Path

import pytest

from media import quadrants, write_picture, write_video
from prosopon.errors import InputError
from prosopon.sources import open_source


def test_told_apart_by_content(tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "a.png", quadrants()).rename(tmp_path / "b.mp4")
    video = write_video(tmp_path / "a.mp4", (0, 40)).rename(tmp_path / "c.dat")
    with open_source(picture) as source:
        assert source.kind == "image"
    with open_source(video) as source:
        assert source.kind == "video"


def test_folder_pattern_and_literal_name(tmp_path: Path) -> None:
    write_picture(tmp_path / "a[1].png", quadrants())
    for spec, kind in ((tmp_path, "images"), (tmp_path / "*.png", "images")):
        with open_source(str(spec)) as source:
            assert source.kind == kind
            assert len(list(source)) == 1
    with open_source(str(tmp_path / "a[1].png")) as source:
        assert source.kind == "image"


def test_file_named_as_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_picture(tmp_path / "a.png", quadrants()).rename(tmp_path / "7")
    monkeypatch.chdir(tmp_path)
    with open_source("7") as source:
        assert source.kind == "image"


@pytest.mark.parametrize("spec", [97, "97"])
def test_absent_camera(spec: str | int) -> None:
    with pytest.raises(InputError, match="camera 97: not found"):
        open_source(spec)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.mp4", None, "no such file"),
        ("zero.png", b"", "the file is empty"),
        ("zero.mp4", b"", "the file is empty"),
        ("text.png", b"words", "not a picture that can be read"),
        ("text.mp4", b"words", "neither a video nor a picture"),
        ("*.jpg", None, "no file matches this pattern"),
    ],
)
def test_bad_input(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        open_source(str(path))
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


@pytest.mark.shared
def test_real_pictures(shared: Path) -> None:
    with open_source(shared / "media" / "multi_face.jpg") as source:
        assert (source.kind, source.size) == ("image", (1000, 667))
