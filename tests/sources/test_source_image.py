from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from media import corners, exif_jpeg, huge_png, noise, quadrants, write_picture
from prosopon.errors import InputError
from prosopon.sources.image import ImageSource, as_luminance, decode_image, read_image

BGR = np.stack([quadrants()] * 3, axis=2)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff", ".bmp", ".ppm"])
@pytest.mark.parametrize("image", [quadrants(), BGR], ids=["grey", "color"])
def test_formats(tmp_path: Path, suffix: str, image: Any) -> None:
    if suffix == ".ppm" and image.ndim == 2:
        suffix = ".pgm"
    frame = read_image(write_picture(tmp_path / f"a{suffix}", image), index=3)
    assert (frame.index, frame.time, frame.size) == (3, 0.0, (64, 48))
    assert frame.luma.dtype == np.uint8
    assert corners(frame.luma) == [50, 100, 150, 200]
    assert frame.color().shape == (48, 64, 3)
    assert corners(frame.color()) == [50, 100, 150, 200]


def test_color_order_is_bgr(tmp_path: Path) -> None:
    image = np.full((20, 20, 3), (255, 10, 0), np.uint8)
    frame = read_image(write_picture(tmp_path / "a.png", image))
    assert frame.color()[0, 0].tolist() == [255, 10, 0]
    assert abs(int(frame.luma[0, 0]) - round(0.114 * 255 + 0.587 * 10)) <= 1


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".ppm", ".webp"])
def test_luminance_is_that_of_the_bgr_array(tmp_path: Path, suffix: str) -> None:
    colors = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    path = write_picture(tmp_path / f"a{suffix}", colors)
    array = cv2.imread(str(path))
    assert array is not None
    np.testing.assert_array_equal(read_image(path).luma, as_luminance(np.asarray(array, np.uint8)))


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_16_bits_keep_full_scale(tmp_path: Path, suffix: str) -> None:
    image = np.zeros((16, 16), np.uint16)
    image[0, :4] = (257 * 7, 257 * 128, 65535, 127)
    frame = read_image(write_picture(tmp_path / f"a{suffix}", image))
    assert frame.luma[0, :4].tolist() == [7, 128, 255, 0]
    assert frame.color()[0, :4, 1].tolist() == [7, 128, 255, 0]


def test_float_samples_are_refused(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.tiff", np.ones((16, 16), np.float32))
    with pytest.raises(InputError, match=r"float32 samples .* save it with 8 or 16 bits"):
        read_image(path)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_alpha_is_laid_over_mid_grey(tmp_path: Path, dtype: Any) -> None:
    full = np.iinfo(dtype).max
    image = np.zeros((16, 16, 4), dtype)
    image[0, :3] = [(full, full, full, full), (full, full, full, 0), (0, 0, 0, full // 2)]
    frame = read_image(write_picture(tmp_path / "a.png", image))
    assert frame.color()[0, :3, 0].tolist() == [255, 128, 64]
    assert frame.luma[0, :3].tolist() == [255, 128, 64]


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, [50, 100, 150, 200]),
        (2, [100, 50, 200, 150]),
        (3, [200, 150, 100, 50]),
        (6, [150, 50, 200, 100]),
        (8, [100, 200, 50, 150]),
    ],
)
def test_exif_orientation(tmp_path: Path, orientation: int, expected: list[int]) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(exif_jpeg(quadrants(), orientation))
    frame = read_image(path)
    assert frame.size == ((48, 64) if orientation > 4 else (64, 48))
    assert corners(frame.luma) == expected
    assert corners(frame.color()) == expected


def _error(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_image(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def test_missing(tmp_path: Path) -> None:
    assert "no such file" in _error(tmp_path / "a.png")


def test_empty(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    assert "the file is empty" in _error(tmp_path / "a.png")


def test_folder(tmp_path: Path) -> None:
    assert "can't be read" in _error(tmp_path)


def test_text(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("not a picture")
    assert "not a picture that can be read; save it as" in _error(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff", ".bmp", ".pgm"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_truncated(tmp_path: Path, suffix: str, share: float, capfd: Any) -> None:
    path = write_picture(tmp_path / f"a{suffix}", noise())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert "cut-off" in _error(path) or "cut off" in _error(path)
    assert capfd.readouterr().err == ""


def test_one_pixel(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.png", np.zeros((1, 1), np.uint8))
    assert "1 by 1 pixels is too small" in _error(path)


def test_too_large_is_refused_before_decoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(huge_png(20_000, 20_000))
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    assert "20000 by 20000 pixels is over the limit of 100 megapixels" in _error(path)


def test_source_of_one_frame(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.png", quadrants())
    with ImageSource(path) as source:
        assert (source.kind, source.path, source.size) == ("image", path, (64, 48))
        assert (source.files, source.frame_count_estimate) == ((path,), 1)
        assert [frame.index for frame in source] == [0]
        assert source.problems == []


def test_picture_from_memory(tmp_path: Path):
    content = write_picture(tmp_path / "a.png", quadrants()).read_bytes()
    frame = decode_image(content, "upload", index=3, time=1.5)
    assert (corners(frame.luma), frame.index, frame.time) == ([50, 100, 150, 200], 3, 1.5)


def test_memory_that_holds_no_picture():
    with pytest.raises(InputError, match="upload: not a picture that can be read"):
        decode_image(b"#EXTM3U", "upload")
