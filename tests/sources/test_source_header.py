from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from media import huge_png, write_picture
from prosopon.errors import InputError
from prosopon.sources.header import Header, read_header

LOSSLESS = (cv2.IMWRITE_WEBP_QUALITY, 101)


@pytest.mark.parametrize(
    ("name", "flags", "format"),
    [
        ("a.png", (), "PNG"),
        ("a.jpg", (), "JPEG"),
        ("a.jpg", (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), "JPEG"),
        ("a.webp", (cv2.IMWRITE_WEBP_QUALITY, 80), "WebP"),
        ("a.webp", LOSSLESS, "WebP"),
        ("a.tiff", (), "TIFF"),
        ("a.bmp", (), "BMP"),
        ("a.ppm", (), "Netpbm"),
        ("a.pgm", (), "Netpbm"),
    ],
)
def test_format_and_size(tmp_path: Path, name: str, flags: tuple[int, ...], format: str) -> None:
    shape = (33, 57) if name.endswith("pgm") else (33, 57, 3)
    path = write_picture(tmp_path / name, np.zeros(shape, np.uint8), flags=flags)
    assert read_header(path) == Header(format, 57, 33)


@pytest.mark.parametrize(
    ("name", "flags"),
    [("a.png", ()), ("a.webp", (cv2.IMWRITE_WEBP_QUALITY, 80)), ("a.webp", LOSSLESS)],
)
def test_alpha_is_seen(tmp_path: Path, name: str, flags: tuple[int, ...]) -> None:
    image = np.zeros((33, 57, 4), np.uint8)
    image[5:20, 5:20] = 255
    header = read_header(write_picture(tmp_path / name, image, flags=flags))
    assert header is not None
    assert (header.width, header.height, header.alpha) == (57, 33, True)


def test_alpha_of_tiff_is_seen(tmp_path: Path) -> None:
    header = read_header(write_picture(tmp_path / "a.tiff", np.zeros((33, 57, 4), np.uint8)))
    assert header is not None
    assert (header.width, header.height, header.alpha) == (57, 33, True)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_truncation_is_seen(tmp_path: Path, name: str) -> None:
    path = write_picture(tmp_path / name, np.eye(64, dtype=np.uint8) * 255)
    path.write_bytes(path.read_bytes()[:-8])
    header = read_header(path)
    assert header is not None
    assert not header.complete


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tiff", "a.bmp", "a.ppm"])
def test_cut_in_the_header_is_an_error_or_no_picture(tmp_path: Path, name: str) -> None:
    path = write_picture(tmp_path / name, np.zeros((32, 32, 3), np.uint8))
    whole = path.read_bytes()
    for length in range(1, 26):
        path.write_bytes(whole[:length])
        header = _header_unless_refused(path)
        assert header is None or not header.complete or header.width == header.height == 32


def _header_unless_refused(path: Path) -> Header | None:
    try:
        return read_header(path)
    except InputError:
        return None


def test_huge_size_is_read_without_decoding(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(huge_png(20_000, 20_000))
    assert read_header(path) == Header("PNG", 20_000, 20_000)


def test_text_is_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_text("BM and other words")
    assert read_header(path) is None


def test_heif_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"\0\0\0\x18ftypheic" + bytes(32))
    with pytest.raises(InputError, match=r"a\.jpg: HEIF and AVIF .* save it as JPEG"):
        read_header(path)
