"""Rendered pictures agree with their labels (needs the face rig)."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("numba")

from prosopon.geometry import euler_from_rotation, rotation_from_euler
from prosopon_train.data.schema import AU_NAMES, FIELDS, SHARD_SIZE
from prosopon_train.synth import render
from prosopon_train.synth.camera import View
from prosopon_train.synth.expression import Expression
from prosopon_train.synth.person import sample_person
from prosopon_train.synth.rig import load_rig

pytestmark = [pytest.mark.train, pytest.mark.shared]

EYE = np.eye(3, dtype=np.float32)
STILL = Expression()


@pytest.fixture(scope="module")
def rig(rig_files):
    return load_rig(*rig_files)


@pytest.fixture(scope="module")
def person(rig):
    return sample_person(rig, np.random.default_rng(8))


@pytest.fixture
def still(monkeypatch):
    """Nobody moves and eyes look straight along the head's axis unless a test says otherwise."""

    def use(expression: Expression = STILL, gaze=(0, 0, 1)):
        monkeypatch.setattr(render, "sample_expression", lambda rng, lids: expression)
        both = np.array([gaze, gaze], np.float32)
        both /= np.linalg.norm(both, axis=1, keepdims=True)
        monkeypatch.setattr(render, "sample_gaze", lambda eyes, lens, rng: both)

    return use


def face(rig, person, pitch=0.0, yaw=0.0, roll=0.0, seed=0):
    rotation = rotation_from_euler(np.deg2rad([[pitch, yaw, roll]]))[0].astype(np.float32)
    view = View(rotation, EYE, 120.0)
    return render.render_face(rig, person, np.random.default_rng(seed), (), view)


def unit(example, name):
    return example["au"][AU_NAMES.index(name)]


def test_example_follows_the_schema(rig, person):
    example = render.render_face(rig, person, np.random.default_rng(0))
    for name, (shape, dtype) in FIELDS.items():
        if name in example:
            assert np.shape(example[name]) == shape, name
            assert example[name].dtype == dtype, name
    again = render.render_face(rig, person, np.random.default_rng(0))
    np.testing.assert_array_equal(example["image"], again["image"])


def test_crop_geometry(rig, person):
    points = face(rig, person, pitch=12, yaw=25, roll=20)["points"]
    low, high = points[:68].min(0), points[:68].max(0)
    np.testing.assert_allclose((low + high) / 2, (SHARD_SIZE - 1) / 2, atol=0.02)
    np.testing.assert_allclose((high - low).max(), 128 / 1.35, atol=0.05)
    up = points[36:48].mean(0) - points[[48, 54]].mean(0)
    assert abs(up[0]) < 0.05
    assert up[1] < 0


def test_subject_right_is_image_left(rig, person, still):
    still()
    points = face(rig, person)["points"]
    assert points[36, 0] < points[45, 0]
    assert points[68, 0] < points[69, 0]
    assert points[0, 0] < points[16, 0]
    assert points[27, 1] < points[33, 1] < points[8, 1]
    assert np.all(np.diff(points[70:74, 0]) < 0)  # right brow, inner to outer
    assert np.all(np.diff(points[74:78, 0]) > 0)
    assert np.all(points[70:74, 1] > points[[21, 20, 19, 18], 1])  # its lower edge


@pytest.mark.parametrize(("pitch", "yaw"), [(0, 30), (20, 0), (-15, -35)])
def test_pose_label_is_the_pose(rig, person, still, pitch, yaw):
    still()
    example = face(rig, person, pitch, yaw)
    euler = np.rad2deg(euler_from_rotation(example["rotation"][None]))[0]
    np.testing.assert_allclose(euler[:2], [pitch, yaw], atol=7)  # less the crop's own turn
    nose, eyes = example["points"][30], example["points"][36:48].mean(0)
    if yaw:
        assert np.sign(nose[0] - eyes[0]) == np.sign(yaw)


@pytest.mark.parametrize(("x", "y"), [(0.4, 0.0), (-0.4, 0.0), (0.0, 0.25)])
def test_dark_iris_is_where_the_gaze_points(rig, person, still, x, y):
    """Gaze in the rig frame has y up; the label has y down; the drawn pupil moves with it."""
    still(gaze=(0, 0, 1))
    ahead = face(rig, person)
    still(gaze=(x, y, 1))
    example = face(rig, person)
    length = np.sqrt(x * x + y * y + 1)
    turn = example["rotation"] @ ahead["rotation"].T
    expected = turn @ ahead["rotation"] @ np.array([x, -y, -1]) / length
    np.testing.assert_allclose(example["gaze"][0], expected, atol=1e-5)
    shift = example["points"][68:70] - ahead["points"][68:70]
    moved = shift - (example["points"][[39, 42]] - ahead["points"][[39, 42]])
    assert np.all(moved @ [x, -y] > 0.3)
    for pupil in example["points"][68:70]:
        column, row = np.round(pupil).astype(int)
        near = example["image"][row - 6 : row + 7, column - 8 : column + 9].astype(float)
        assert example["image"][row - 1 : row + 2, column - 1 : column + 2].mean() < near.mean()


def test_blinks_shut_one_eye(rig, person, still):
    still()
    awake = face(rig, person)
    still(Expression({"AU45": (1.0, 0.0)}))
    wink = face(rig, person)
    assert awake["eye_open"].min() > 0.9
    assert wink["eye_open"][0] < 0.15
    assert wink["eye_open"][1] > 0.9
    assert unit(wink, "AU45") == 2.5
    assert wink["au_right"][-1] == 5
    gap = np.abs(wink["points"][[37, 44], 1] - wink["points"][[41, 46], 1])
    assert gap[0] < gap[1] / 2


def test_jaw_parts_lips_and_pressing_does_not(rig, person, still):
    still(Expression({"AU26": (0.8, 0.8)}))
    assert unit(face(rig, person), "AU25") > 3
    still(Expression({"AU17": (1.0, 1.0)}))
    assert unit(face(rig, person), "AU25") == 0


def test_head_lies_inside_the_picture(rig):
    rng = np.random.default_rng(4)
    for _ in range(3):
        luma, alpha, points = render.render_head(rig, sample_person(rig, rng), rng, 96)
        assert luma.shape == alpha.shape == (96, 96)
        assert np.all(luma <= alpha)
        assert np.all((points > 0) & (points < 95))
        column, row = np.round(points[27:36].mean(0)).astype(int)
        assert alpha[row, column] == 255
        assert alpha[:2].max() == 0


def test_skin_of_an_eye_region_is_lit(rig, person, still):
    """Baked shadow may not turn lids or teeth black."""
    still()
    example = face(rig, person)
    hull = cv2.convexHull(np.round(example["points"][:27]).astype(np.int32))
    mask = cv2.fillConvexPoly(np.zeros((SHARD_SIZE, SHARD_SIZE), np.uint8), hull, 1)
    assert 20 < example["image"][mask > 0].mean() < 230
