"""Signs and scales of synthetic labels, without a rig."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from prosopon.geometry import rotation_from_euler
from prosopon_train.synth.camera import View, sample_view
from prosopon_train.synth.expression import Expression, intensities, sample_expression
from prosopon_train.synth.gaze import GAIN, follow_with_lids, iris_axis, iris_frame, sample_gaze

pytestmark = pytest.mark.train

EYE = np.eye(3, dtype=np.float32)
LOOK = ("Down", "Up", "In", "Out")
NAMES = {
    name: k
    for k, name in enumerate(
        [f"eye{shape}_{side}" for shape in ("Blink", "Squint", "Wide") for side in "RL"]
        + [f"eyeLook{way}_{side}" for way in LOOK for side in "RL"]
    )
}


def view(pitch: float = 0, yaw: float = 0, roll: float = 0, distance: float = 100) -> View:
    rotation = rotation_from_euler(np.deg2rad([[pitch, yaw, roll]]))[0].astype(np.float32)
    return View(rotation, EYE, distance)


NOSE_TIP = np.array([[0, 5, 12]], np.float32)  # rig frame: up and out of the face
PIVOT = np.array([[0, 0, 5]], np.float32)


def test_the_pivot_is_on_the_optical_axis():
    np.testing.assert_allclose(view(10, 20, 5).project(PIVOT), [[0, 0, 100]], atol=1e-4)


def test_a_frontal_head_keeps_left_and_up():
    subject_left = view().project(np.array([[3, 0, 5]], np.float32))[0]
    np.testing.assert_allclose(subject_left, [3, 0, 100], atol=1e-4)
    above = view().project(np.array([[0, 4, 5]], np.float32))[0]
    np.testing.assert_allclose(above, [0, -4, 100], atol=1e-4)
    nearer = view().project(np.array([[0, 0, 10]], np.float32))[0]
    np.testing.assert_allclose(nearer, [0, 0, 95], atol=1e-4)


@pytest.mark.parametrize(
    ("angles", "axis", "sign"),
    [
        pytest.param({"yaw": 30}, 0, 1, id="yaw turns the nose to image right"),
        pytest.param({"pitch": 30}, 1, -1, id="pitch turns the nose up"),
        pytest.param({"roll": 30}, 0, 1, id="roll leans the crown to image right"),
    ],
)
def test_signs_of_pose(angles, axis, sign):
    point = np.array([[0, 0, 12]] if "roll" not in angles else [[0, 10, 5]], np.float32)
    assert sign * view(**angles).project(point)[0, axis] > 2


def test_turning_the_camera_turns_picture_and_rotation():
    turned = view(pitch=10, yaw=20).turned(np.pi / 2)
    before = view(pitch=10, yaw=20).project(NOSE_TIP)[0]
    np.testing.assert_allclose(
        turned.project(NOSE_TIP)[0], [-before[1], *before[[0, 2]]], atol=1e-4
    )


def test_framing_puts_the_centre_in_the_middle():
    seen = view(yaw=20).project(NOSE_TIP)[0, :2]
    framed = view(yaw=20).framed(seen, 7.0, 101)
    np.testing.assert_allclose(framed.project(NOSE_TIP)[0, :2], [50, 50], atol=1e-3)


def test_lens_is_where_the_camera_stands():
    np.testing.assert_allclose(view().lens, [0, 0, 105], atol=1e-4)
    assert view(yaw=30).lens[0] < -40  # the head looks past the camera's right side


def test_sampled_views_stay_in_range_and_repeat():
    one, two = (sample_view(np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one.rotation, two.rotation)
    np.testing.assert_allclose(one.rotation @ one.rotation.T, EYE, atol=1e-5)


def test_eyes_converge_on_the_lens():
    eyes = np.array([[-3, 3, 8], [3, 3, 8]], np.float32)
    lens = np.array([0, 3, 58], np.float32)
    gaze = sample_gaze(eyes, lens, np.random.default_rng(0), into_lens=1.0)
    assert gaze[0, 0] > gaze[1, 0]
    np.testing.assert_allclose(gaze[:, 2], 1, atol=0.02)
    np.testing.assert_allclose(np.linalg.norm(gaze, axis=1), 1, atol=1e-6)


def test_iris_turns_less_than_the_eye():
    angle = np.deg2rad(30)
    axis = iris_axis(np.array([np.sin(angle), 0, np.cos(angle)], np.float32))
    np.testing.assert_allclose(axis, [GAIN * 0.5, 0, np.sqrt(1 - GAIN**2 / 4)], rtol=1e-5)
    frame = iris_frame(axis)
    np.testing.assert_allclose(frame.T @ frame, EYE, atol=1e-6)
    np.testing.assert_allclose(axis @ frame, [0, 0, 1], atol=1e-6)


def test_lids_follow_each_eye():
    weights = np.zeros(len(NAMES), np.float32)
    left_and_down = np.array([[0.3, -0.25, 0.92]] * 2, np.float32)  # toward the subject's left
    follow_with_lids(weights, left_and_down, NAMES)
    used = {name for name, k in NAMES.items() if weights[k] > 0}
    assert used == {"eyeLookDown_R", "eyeLookDown_L", "eyeLookIn_R", "eyeLookOut_L"}


def test_intensities_and_sides():
    mean, right, left = intensities(Expression({"AU12": (1.0, 0.5)}), lip_gap=0.65)
    assert (mean["AU12"], right["AU12"], left["AU12"]) == (3.75, 5.0, 2.5)
    assert mean["AU25"] == pytest.approx(2.5)
    assert mean["AU04"] == 0


def test_overlapping_lips_are_not_parted():
    mean, _, _ = intensities(Expression({"AU17": (1.0, 1.0)}), lip_gap=-0.4)
    assert mean["AU25"] == 0


def test_weights_reach_the_right_side():
    shapes = ["mouthSmile_R", "mouthSmile_L", "cheekSquint_R", "cheekSquint_L", "jawOpen"]
    names = {shape: k for k, shape in enumerate(shapes)}
    expression = Expression({"AU12": (1.0, 0.0), "AU26": (0.5, 0.5)})
    np.testing.assert_allclose(expression.weights(names), [1, 0, 0.15, 0, 0.4], rtol=1e-6)


@pytest.mark.parametrize(("one", "other"), [("AU14", "AU26"), ("AU23", "AU12"), ("AU18", "AU10")])
def test_of_units_that_hide_one_another_one_is_faint(one, other):
    rng = np.random.default_rng(3)
    drawn = [sample_expression(rng) for _ in range(600)]
    levels = np.array([[expression.mean(unit) for unit in (one, other)] for expression in drawn])
    assert levels.min(1).max() < 0.31
    assert levels.max(0).min() > 0.6


def test_sampled_expressions_vary_and_stay_in_range():
    rng = np.random.default_rng(1)
    drawn = [sample_expression(rng) for _ in range(300)]
    for expression in drawn:
        assert all(0 <= side <= 1 for pair in expression.units.values() for side in pair)
        if expression.mean("AU28") > 0.1:
            assert expression.mean("AU26") <= 0.1
    assert {unit for expression in drawn for unit in expression.units} >= {"AU01", "AU28", "AU45"}
