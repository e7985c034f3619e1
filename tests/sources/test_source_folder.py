from __future__ import annotations

from pathlib import Path

import pytest

from media import quadrants, write_picture
from prosopon.errors import InputError
from prosopon.sources.folder import natural_order, open_folder, open_pattern


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b10.png", "b2.PNG", "a.jpg"):
        write_picture(tmp_path / name.lower(), quadrants()).rename(tmp_path / name)
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "._a.jpg").write_bytes(b"\0")
    return tmp_path


def test_pictures_in_natural_order(folder: Path) -> None:
    with open_folder(folder) as source:
        assert [path.name for path in source.files] == ["a.jpg", "b2.PNG", "b10.png"]
        assert (source.kind, source.path, source.size) == ("images", folder, None)
        assert source.frame_count_estimate == 3
        assert [(frame.index, frame.time) for frame in source] == [(0, 0.0), (1, 0.0), (2, 0.0)]


def test_a_broken_picture_is_skipped_and_named(folder: Path) -> None:
    (folder / "b2.PNG").write_bytes(b"")
    with open_folder(folder) as source:
        assert [frame.index for frame in source] == [0, 2]
        assert source.skipped == 1
        assert source.problems == [
            f"{folder / 'b2.PNG'}: the file is empty; copy or export it again"
        ]


def test_pattern(folder: Path) -> None:
    with open_pattern(str(folder / "b*")) as source:
        assert [path.name for path in source.files] == ["b2.PNG", "b10.png"]
        assert source.path is None


def test_folder_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r": no pictures .* itself; give videos and subfolders by"):
        open_folder(tmp_path)


def test_pattern_without_match(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file matches this pattern"):
        open_pattern(str(tmp_path / "*.jpg"))


def test_natural_order() -> None:
    names = ["x10", "x9", "X1", "10", "9", "x", "x1y2", "x1y10"]
    ordered = natural_order([Path(name) for name in names])
    assert [str(path) for path in ordered] == ["9", "10", "x", "X1", "x1y2", "x1y10", "x9", "x10"]
