from __future__ import annotations

import numpy as np

from prosopon.geometry import apply_affine, square_similarity
from prosopon_train.data.cutting import cut
from prosopon_train.data.schema import NETWORK_SIZE, SHARD_SIZE


def crop_of(x: float, y: float, side: float, angle: float = 0.0) -> np.ndarray:
    center = np.array([[x, y]], np.float32)
    return square_similarity(center, np.array([side]), np.array([angle]), NETWORK_SIZE)[0]


def test_the_crop_is_the_middle_of_the_shard_image() -> None:
    luma = np.random.default_rng(0).integers(0, 255, (200, 220), dtype=np.uint8)
    # A crop of the picture's own scale whose first pixel is pixel (40, 30).
    x, y = 40 + (NETWORK_SIZE - 1) / 2, 30 + (NETWORK_SIZE - 1) / 2
    image, matrix = cut(luma, crop_of(x, y, NETWORK_SIZE))
    margin = (SHARD_SIZE - NETWORK_SIZE) // 2
    inner = image[margin:-margin, margin:-margin]
    np.testing.assert_array_equal(inner, luma[30 : 30 + NETWORK_SIZE, 40 : 40 + NETWORK_SIZE])
    np.testing.assert_allclose(matrix, [[1, 0, margin - 40], [0, 1, margin - 30]], atol=1e-4)


def test_points_follow_the_pixels_through_a_turned_crop() -> None:
    luma = np.zeros((240, 240), np.uint8)
    luma[98:103, 138:143] = 200
    image, matrix = cut(luma, crop_of(120, 110, 140, angle=0.6))
    there = apply_affine(matrix[None], np.array([[[140.0, 100.0]]], np.float32))[0, 0]
    ys, xs = np.nonzero(image > 100)
    np.testing.assert_allclose(there, [xs.mean(), ys.mean()], atol=0.6)


def test_the_border_is_replicated() -> None:
    luma = np.full((30, 30), 7, np.uint8)
    luma[:, -1] = 90
    image, _ = cut(luma, crop_of(14.5, 14.5, 60))
    assert (image[:, -1] == 90).all()
    assert (image[:, 0] == 7).all()


def test_a_shrunken_picture_is_averaged() -> None:
    stripes = np.zeros((800, 800), np.uint8)
    stripes[:, ::2] = 200
    image, _ = cut(stripes, crop_of(400, 400, 512))
    assert 90 < image.min() <= image.max() < 110
