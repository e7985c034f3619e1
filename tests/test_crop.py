import cv2
import numpy as np
import pytest

from faces import face_points, turned
from prosopon.crop import CROP_SCALE, cut, face_boxes, from_boxes, from_landmarks
from prosopon.geometry import apply_affine, square_similarity
from prosopon.types import Crops


@pytest.mark.parametrize("angle", [0.0, 0.7, -2.0])
def test_crop_from_landmarks_is_upright_and_of_fixed_scale(angle):
    points = turned(face_points((200, 150), 80), angle)[None]
    crops = from_landmarks(points, 128)
    assert crops.angles[0] == pytest.approx(angle, abs=1e-5)
    inside = apply_affine(crops.matrices, points)[0]
    extent = np.ptp(inside, axis=0)
    assert extent.max() == pytest.approx(128 / CROP_SCALE, rel=1e-4)
    np.testing.assert_allclose((inside.min(0) + inside.max(0)) / 2, [63.5, 63.5], atol=1e-3)
    eyes, mouth = inside[36:48].mean(0), inside[[48, 54]].mean(0)
    assert eyes[1] < mouth[1]
    assert eyes[0] == pytest.approx(mouth[0], abs=1e-3)


def test_crop_from_its_own_box_is_the_crop_from_landmarks():
    points = face_points((200, 150), 80)[None]
    five = np.stack([points[0, 36:42].mean(0), points[0, 42:48].mean(0), *points[0, [30, 48, 54]]])[
        None
    ]
    expected = from_landmarks(points, 128)
    for crops in (
        from_boxes(face_boxes(points), 128),
        from_boxes(face_boxes(points), 128, five),
    ):
        np.testing.assert_allclose(crops.matrices, expected.matrices, atol=1e-3)


def test_cut_standardises():
    rng = np.random.default_rng(0)
    luma = rng.integers(0, 255, (60, 80), dtype=np.uint8)
    crops = Crops(
        square_similarity(np.array([[31.5, 31.5]]), np.array([64.0]), np.zeros(1), 64),
        np.zeros(1, np.float32),
        64,
    )
    batch = cut(luma, crops)
    expected = luma[:, :64].astype(float)
    expected = cv2.copyMakeBorder(expected, 0, 4, 0, 0, cv2.BORDER_REPLICATE)
    np.testing.assert_allclose(
        batch.tensor[0, 0], (expected - expected.mean()) / (expected.std() + 8), atol=1e-4
    )
    assert batch.contrast[0] == pytest.approx(expected.std(), rel=1e-5)


def test_cut_averages_when_it_shrinks():
    # One-pixel stripes: bilinear sampling at 1/8 would alias, block averages are flat.
    luma = np.zeros((512, 512), dtype=np.uint8)
    luma[:, ::2] = 200
    crops = Crops(
        square_similarity(np.array([[255.5, 255.5]]), np.array([512.0]), np.zeros(1), 64),
        np.zeros(1, np.float32),
        64,
    )
    assert cut(luma, crops).contrast[0] < 1


def test_cut_keeps_positions_when_it_shrinks():
    y, x = np.mgrid[0:400, 0:500]
    luma = np.clip(255 - np.hypot(x - 310, y - 220), 0, 255).astype(np.uint8)
    crops = Crops(
        square_similarity(np.array([[300.0, 200.0]]), np.array([300.0]), np.zeros(1), 100),
        np.zeros(1, np.float32),
        100,
    )
    peak = np.unravel_index(cut(luma, crops).tensor[0, 0].argmax(), (100, 100))
    expected = apply_affine(crops.matrices, np.array([[[310, 220]]], dtype=np.float32))[0, 0]
    np.testing.assert_allclose(peak[::-1], expected, atol=1)


def test_cut_outside_the_picture_is_not_an_error():
    luma = np.full((10, 10), 7, dtype=np.uint8)
    crops = from_boxes(np.array([[-500, -500, 900, 900], [400, 400, 500, 500]], np.float32), 32)
    assert np.isfinite(cut(luma, crops).tensor).all()
