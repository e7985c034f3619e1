import cv2
import numpy as np
import pytest

from prosopon.geometry import (
    Camera,
    apply_affine,
    euler_from_rotation,
    euler_xyz_from_rotation,
    gaze_angles,
    gaze_vectors,
    invert_similarity,
    iou,
    place_from_points,
    rotation_from_6d,
    rotation_from_euler,
    rotation_from_euler_xyz,
    rotation_vector,
    rotation_z,
    square_similarity,
)

RNG = np.random.default_rng(0)


def test_default_camera_is_openface_2s():
    assert Camera.default(640, 480) == Camera(500, 500, 320, 240)
    assert Camera.default(1280, 480).fx == (1000 + 500) / 2


def test_iou():
    a = np.array([[0, 0, 2, 2]], float)
    b = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 6, 6]], float)
    np.testing.assert_allclose(iou(a, b), [[1, 1 / 7, 0]])


def test_euler_round_trip_and_signs():
    euler = RNG.uniform(-1.2, 1.2, (20, 3))
    np.testing.assert_allclose(euler_from_rotation(rotation_from_euler(euler)), euler, atol=1e-12)
    looks = rotation_from_euler(np.array([[0.3, 0, 0], [0, 0.3, 0]])) @ [0, 0, -1]
    assert looks[0, 1] < 0, "pitch + looks up (y down)"
    assert looks[1, 0] > 0, "yaw + looks toward image right"
    right = rotation_from_euler(np.array([[0, 0, 0.3]]))[0] @ [1, 0, 0]
    assert right[1] > 0, "roll + is clockwise in the image"


def test_rotation_vector_is_rodrigues():
    rotations = rotation_from_euler(RNG.uniform(-1, 1, (5, 3)))
    expected = [cv2.Rodrigues(r)[0][:, 0] for r in rotations]
    np.testing.assert_allclose(rotation_vector(rotations), expected, atol=1e-9)
    np.testing.assert_allclose(rotation_vector(np.eye(3)[None]), [[0, 0, 0]])


def test_rotation_from_6d_is_orthonormal():
    rotations = rotation_from_6d(RNG.normal(size=(4, 6)))
    identity = np.broadcast_to(np.eye(3), (4, 3, 3))
    np.testing.assert_allclose(rotations @ rotations.swapaxes(1, 2), identity, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(rotations), 1)


def test_square_similarity_turns_the_face_upright():
    centers, sides = np.array([[50.0, 40.0]]), np.array([20.0])
    angle = np.array([np.pi / 2], dtype=np.float32)
    matrix = square_similarity(centers, sides, angle, 10)
    # The up-axis of a face turned 90° clockwise points to image right.
    up = apply_affine(matrix, np.array([[[60.0, 40.0], [50.0, 40.0]]], dtype=np.float32))[0]
    np.testing.assert_allclose(up, [[4.5, -0.5], [4.5, 4.5]], atol=1e-5)


def test_invert_similarity():
    matrices = square_similarity(
        RNG.normal(50, 9, (3, 2)), np.array([9, 20, 300.0]), np.ones(3), 64
    )
    points = RNG.normal(0, 50, (3, 5, 2)).astype(np.float32)
    there = apply_affine(matrices, points)
    np.testing.assert_allclose(apply_affine(invert_similarity(matrices), there), points, atol=1e-2)


def test_rotation_z_is_clockwise_in_the_image():
    np.testing.assert_allclose(
        rotation_z(np.array([np.pi / 2]))[0] @ [1, 0, 0], [0, 1, 0], atol=1e-6
    )


@pytest.mark.parametrize(
    ("vector", "angles"),
    [
        pytest.param([0, 0, -1], [0, 0], id="into the lens"),
        pytest.param([1, 0, -1], [np.pi / 4, 0], id="image right"),
        pytest.param([0, -1, -1], [0, np.pi / 4], id="up"),
    ],
)
def test_gaze_angles(vector, angles):
    unit = np.array([vector], float) / np.linalg.norm(vector)
    np.testing.assert_allclose(gaze_angles(unit), [angles], atol=1e-12)
    np.testing.assert_allclose(gaze_vectors(np.array([angles])), unit, atol=1e-12)


def test_euler_angles_in_openface_order():
    angles = np.array([[0.3, -0.5, 0.9], [-1.2, 1.1, -2.0], [0.0, 0.0, 0.0]])
    rotations = rotation_from_euler_xyz(angles)
    x, y, z = (cv2.Rodrigues(np.eye(3)[axis] * angles[0, axis])[0] for axis in range(3))
    np.testing.assert_allclose(rotations[0], x @ y @ z, atol=1e-12)
    np.testing.assert_allclose(euler_xyz_from_rotation(rotations), angles, atol=1e-12)


def test_place_from_points_that_are_seen():
    camera = Camera(600.0, 620.0, 320.0, 180.0)
    rng = np.random.default_rng(4)
    turned = rng.normal(0, 40, (2, 12, 3))
    place = np.array([[30.0, -50.0, 600.0], [-120.0, 20.0, 1500.0]])
    placed = turned + place[:, None]
    points = placed[:, :, :2] / placed[:, :, 2:] * [600, 620] + [320, 180]
    weights = rng.uniform(0.1, 1, (2, 12))
    found = place_from_points(points, weights, turned, camera)
    np.testing.assert_allclose(found, place, rtol=1e-5)
    # A point of no weight may be anywhere.
    points[:, 0], weights[:, 0] = 1e4, 0
    found = place_from_points(points, weights, turned, camera)
    np.testing.assert_allclose(found, place, rtol=1e-5)
