from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from prosopon.geometry import apply_affine, square_similarity
from prosopon_train.teachers import pointmap

RIGHT = [*pointmap.RIGHT_EYE, pointmap.PUPILS[0]]
LEFT = [*pointmap.LEFT_EYE, pointmap.PUPILS[1]]


@pytest.fixture(scope="module")
def mesh() -> np.ndarray:
    """Faces (40, 478, 3) px: one mirror-symmetric mesh, moved, scaled, turned and bent a little."""
    rng = np.random.default_rng(1)
    base = rng.uniform((0.05, -1, -1), (1, 1, 1), (pointmap.N_MESH, 3))
    eyes = RIGHT + LEFT
    base[eyes, :2] = base[eyes, :2] * 0.1 + (0.5, 0)
    pairs = {pointmap.BASE[i]: pointmap.BASE[j] for i, j in enumerate(pointmap.MIRROR_68)}
    pairs |= dict(zip(RIGHT, LEFT, strict=True))
    rest = [i for i in range(pointmap.N_MESH) if i not in {*pairs, *pairs.values()}]
    pairs |= dict(zip(rest[::2], rest[1::2], strict=False))
    for right, left in pairs.items():
        base[right] = base[left] * (-1, 1, 1) if right != left else base[left] * (0, 1, 1)
    faces = base + rng.normal(0, 0.01, (40, pointmap.N_MESH, 3))
    similarity = square_similarity(
        rng.uniform(-1, 1, (40, 2)), rng.uniform(2, 4, 40), rng.normal(0, 0.3, 40), 200
    )
    faces[:, :, :2] = apply_affine(similarity, faces[:, :, :2])
    faces[:, :, 2] *= np.hypot(similarity[:, 0, 0], similarity[:, 0, 1])[:, None]
    return faces


def test_eye_frame_puts_the_eyes_half_a_unit_from_the_origin(mesh: np.ndarray) -> None:
    points = apply_affine(pointmap.eye_frame(mesh), mesh[:, :, :2])
    right = points[:, pointmap.RIGHT_EYE].mean(1)
    left = points[:, pointmap.LEFT_EYE].mean(1)
    np.testing.assert_allclose(right, np.tile([-0.5, 0], (len(mesh), 1)), atol=1e-4)
    np.testing.assert_allclose(left, np.tile([0.5, 0], (len(mesh), 1)), atol=1e-4)


def test_mirror_order_is_its_own_inverse_and_swaps_the_pupils(mesh: np.ndarray) -> None:
    frame = pointmap.eye_frame(mesh)
    flat = apply_affine(frame, mesh[:, :, :2])
    depth = mesh[:, :, 2:] * np.hypot(frame[:, 0, 0], frame[:, 0, 1])[:, None, None]
    order = pointmap.mirror_order(np.concatenate([flat, depth], axis=2))
    np.testing.assert_array_equal(order[order], np.arange(pointmap.N_MESH))
    assert order[pointmap.PUPILS[0]] == pointmap.PUPILS[1]


def test_mirrored_landmarks_keep_the_middle_and_swap_the_eyes() -> None:
    order = pointmap.MIRROR_68
    np.testing.assert_array_equal(order[order], np.arange(68))
    for index in (8, 27, 30, 33, 51, 57, 62, 66):
        assert order[index] == index
    assert order[36] == 45
    assert order[39] == 42
    assert order[48] == 54


def test_vertices_themselves_need_no_offset(mesh: np.ndarray) -> None:
    flat = pointmap.PointMap(
        np.zeros(956, np.float32), np.zeros((956, 136), np.float32), np.zeros(136, np.float32)
    )
    found = pointmap.landmarks_68(flat, mesh)
    np.testing.assert_allclose(found, mesh[:, pointmap.BASE, :2], atol=1e-3)


def test_a_constant_offset_in_the_face_is_learned(mesh: np.ndarray, tmp_path: Path) -> None:
    frame = pointmap.eye_frame(mesh)
    chin_down = apply_affine(frame, mesh[:, pointmap.BASE, :2])
    chin_down[:, 8, 1] += 0.2
    truth = apply_affine(pointmap.invert_similarity(frame), chin_down)
    fitted = pointmap.fit(mesh[:30], truth[:30], ridge=1.0)
    fitted.save(tmp_path / "map.npz")
    found = pointmap.landmarks_68(pointmap.PointMap.load(tmp_path / "map.npz"), mesh[30:])
    error = np.linalg.norm(found - truth[30:], axis=2)
    scale = 1 / np.hypot(frame[30:, 0, 0], frame[30:, 0, 1])
    assert (error / scale[:, None] < 0.02).all()


def test_the_78_points_end_with_pupils_and_lower_brows(mesh: np.ndarray) -> None:
    flat = pointmap.PointMap(
        np.zeros(956, np.float32), np.zeros((956, 136), np.float32), np.zeros(136, np.float32)
    )
    points = pointmap.points_78(flat, mesh)
    assert points.shape == (len(mesh), 78, 2)
    np.testing.assert_allclose(points[:, 68], mesh[:, 468, :2], atol=1e-3)
    np.testing.assert_allclose(points[:, 70], mesh[:, 55, :2], atol=1e-3)
    np.testing.assert_allclose(points[:, 77], mesh[:, 283, :2], atol=1e-3)


def test_nme_is_in_outer_eye_distances() -> None:
    truth = np.zeros((1, 68, 2), np.float32)
    truth[0, 45] = 50, 0
    np.testing.assert_allclose(pointmap.nme(truth + (3, 4), truth), [0.1], rtol=1e-6)
