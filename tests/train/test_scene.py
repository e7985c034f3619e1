"""What counts as a face on a training picture of the detector."""

from __future__ import annotations

import numpy as np
import pytest

from prosopon_train.data.scene import Canvas, side_of, within

pytestmark = pytest.mark.train


def face(x: float, y: float, side: float = 40.0) -> np.ndarray:
    """68 points spread over a square whose upper left corner is at (x, y)."""
    steps = np.linspace(0, side, 68)
    return np.stack([x + steps, y + np.roll(steps, 34)], axis=1).astype(np.float32)


def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (100, 120), dtype=np.uint8)


def test_points_within_an_area():
    area = np.array([0, 0, 10, 10])
    assert within(np.array([(0, 0), (10, 10), (11, 5)]), area).tolist() == [True, True, False]
    assert side_of(np.array([10, 10, 14, 19])) == 6


def test_a_face_is_known_doubtful_or_absent_by_what_is_seen_of_it():
    canvas = Canvas(noise())
    for x in (30, -22, -60):  # all, a little less than half, nothing in view
        canvas.add(face(x, 30), True, canvas.bounds)
    assert (len(canvas.faces), len(canvas.ignored)) == (1, 1)


@pytest.mark.parametrize(
    ("side", "sure"), [pytest.param(8, True, id="small"), pytest.param(40, False, id="unsure")]
)
def test_a_face_that_may_not_be_asked_for_is_ignored(side: float, sure: bool):
    canvas = Canvas(noise())
    canvas.add(face(30, 30, side), sure, canvas.bounds)
    assert (len(canvas.faces), len(canvas.ignored)) == (0, 1)


def test_what_is_covered_is_no_face_any_more():
    canvas = Canvas(noise(), [face(0, 30), face(40, 30), face(75, 30)])
    canvas.cover(np.array([-1, 0, 60, 99]))  # all of the first, half of the second
    np.testing.assert_array_equal(canvas.faces, [face(75, 30)])
    assert len(canvas.ignored) == 1


def test_a_face_in_the_dark_is_ignored():
    canvas = Canvas(noise(), [face(5, 30), face(70, 30)])
    luma = canvas.luma.copy()
    luma[:, 60:] = 3
    scene = canvas.scene(luma)
    np.testing.assert_allclose(scene.boxes, [(5, 20, 45, 70)])
    np.testing.assert_allclose(scene.ignored, [(70, 20, 110, 70)])
    assert scene.points.shape == (1, 5, 2)


def test_an_empty_canvas():
    scene = Canvas(noise()).scene(noise())
    assert (scene.boxes.shape, scene.points.shape, scene.ignored.shape) == (
        (0, 4), (0, 5, 2), (0, 4)
    )  # fmt: skip
