"""The metrics of the benchmarks against cases computed by hand."""

import numpy as np
import pytest

from prosopon.geometry import rotation_from_euler
from prosopon_eval.datasets.aflw2000 import rotation
from prosopon_eval.metrics import (
    angular_error,
    point_errors,
    point_scale,
    published_euler,
    published_euler_error,
    rotation_error,
)


def direction(yaw: float, pitch: float) -> np.ndarray:
    """Unit vector of degrees."""
    y, p = np.radians([yaw, pitch])
    return np.array([np.cos(p) * np.sin(y), -np.sin(p), -np.cos(p) * np.cos(y)])


def test_points_and_what_they_are_divided_by():
    truth = np.zeros((1, 68, 2))
    truth[0, 36:42], truth[0, 42:48] = (10, 0), (40, 0)
    truth[0, 36], truth[0, 45] = (4, 0), (46, 0)
    truth[0, 8] = (0, 30)
    # Corners 42 apart; centres (10·5+4)/6 = 9 and (40·5+46)/6 = 41, 32 apart; box 46 × 30.
    assert point_scale(truth, "inter-ocular") == pytest.approx(42)
    assert point_scale(truth, "inter-pupil") == pytest.approx(32)
    assert point_scale(truth, "diagonal") == pytest.approx(np.hypot(46, 30))
    moved = truth.copy()
    moved[0, :34] += (3, 4)  # half of the points by 5 px
    assert point_errors(moved, truth) == pytest.approx(2.5)
    wide = np.zeros((1, 98, 2))
    wide[0, 72] = (20, 0)
    assert point_scale(wide, "inter-ocular") == pytest.approx(20)


def test_angle_of_gaze_is_that_in_space():
    # By yaw's size alone the two would be 0° apart; in space: cos²15°·cos 30° + sin²15°.
    a, b = direction(15, 15), direction(-15, 15)
    assert angular_error(a, b) == pytest.approx(28.96, abs=0.005)
    assert angular_error(direction(15, 0), direction(-15, 0)) == pytest.approx(30)
    assert angular_error(a, a) == pytest.approx(0)


def test_published_angles_are_those_of_the_datasets():
    pitch, yaw, roll = np.radians([20.0, -50.0, 10.0])
    found = published_euler(rotation(pitch, yaw, roll)[None])[0]
    np.testing.assert_allclose(found, [20, -50, 10], atol=1e-9)
    # Ours count yaw toward image right; a pure yaw is otherwise the same.
    turned = rotation_from_euler(np.radians([[0.0, 30.0, 0.0]]))
    np.testing.assert_allclose(published_euler(turned)[0], [0, -30, 0], atol=1e-9)


def test_angle_errors_go_the_short_way_round():
    a, b = rotation(0, 0, np.radians(170)), rotation(0, 0, np.radians(-170))
    np.testing.assert_allclose(published_euler_error(a[None], b[None])[0], [0, 0, 20], atol=1e-6)
    assert rotation_error(a[None], b[None]) == pytest.approx(20)
