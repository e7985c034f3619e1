from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from prosopon.geometry import euler_from_rotation, rotation_from_euler
from prosopon_train.data.photographs import Photograph
from prosopon_train.data.schema import AU_NAMES, AU_SIDED, SHARD_SIZE, read_shards
from prosopon_train.teachers import label as labels_module
from prosopon_train.teachers.facelandmarker import BLENDSHAPE_NAMES, LEAST_SIDE, pad_and_scale
from prosopon_train.teachers.label import (
    PITCH_OFFSET,
    Answers,
    Labels,
    action_units,
    example,
    eyes_open,
    head_rotations,
    mesh_residuals,
    typical_square,
    unlabelled_example,
)
from prosopon_train.teachers.shards import write_all


def shapes(**values: float) -> np.ndarray:
    out = np.zeros((1, len(BLENDSHAPE_NAMES)), np.float32)
    for name, value in values.items():
        out[0, BLENDSHAPE_NAMES.index(name)] = value
    return out


def face_points(turn: float = 0.0) -> np.ndarray:
    """78 points px of a frontal face around (60, 60), turned clockwise in the image."""
    points = np.zeros((78, 2), np.float32)
    points[:17] = [(x, 20 * (1 - (x / 40) ** 2) + 20) for x in np.linspace(-40, 40, 17)]
    points[17:36] = (0, 0)
    points[36:42], points[42:48] = (-18, -20), (18, -20)
    points[48:68] = (0, 25)
    points[48], points[54] = (-12, 25), (12, 25)
    points[68], points[69] = (-18, -20), (18, -20)
    cos, sin = np.cos(turn), np.sin(turn)
    return points @ np.array([(cos, sin), (-sin, cos)], np.float32) + 60


def labels_of(points: np.ndarray, rotation: np.ndarray) -> Labels:
    return Labels(
        points=points[None].astype(np.float32),
        rotation=rotation[None].astype(np.float32),
        au=np.ones((1, len(AU_NAMES)), np.float32),
        au_right=np.ones((1, len(AU_SIDED)), np.float32),
        au_left=np.ones((1, len(AU_SIDED)), np.float32),
        eye_open=np.ones((1, 2), np.float32),
        plausible=np.array([True]),
    )


def photograph(**said: object) -> Photograph:
    luma = np.arange(120 * 120, dtype=np.uint32).reshape(120, 120) % 251
    return Photograph(luma.astype(np.uint8), 0, "source", "name", "person", said)


@pytest.mark.parametrize(
    ("mediapipe", "expected"),
    [
        # y up and z toward the viewer there: turning about y toward image right is positive in
        # both, about x upward is negative there, about z clockwise is negative there.
        pytest.param(("y", 0.3), (0.0, 0.3, 0.0), id="yaw"),
        pytest.param(("x", -0.2), (0.2, 0.0, 0.0), id="pitch"),
        pytest.param(("z", -0.4), (0.0, 0.0, 0.4), id="roll"),
    ],
)
def test_head_matrix_signs(
    mediapipe: tuple[str, float],
    expected: tuple[float, float, float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(labels_module, "PITCH_OFFSET", 0.0)
    axis, angle = mediapipe
    cos, sin = np.cos(angle), np.sin(angle)
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.eye(4)
    matrix[i, i] = matrix[j, j] = cos
    matrix[j, i], matrix[i, j] = sin, -sin
    found = euler_from_rotation(head_rotations(matrix[None]))[0]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_teacher_looks_up_by_the_pitch_offset() -> None:
    found = euler_from_rotation(head_rotations(np.eye(4)[None]))[0]
    np.testing.assert_allclose(found, [-PITCH_OFFSET, 0, 0], atol=1e-6)


def test_units_at_rest_and_dead_units() -> None:
    both, right, left = action_units(shapes(), BLENDSHAPE_NAMES, np.array([0.0]))
    dead = {name for name, value in zip(AU_NAMES, both[0], strict=True) if np.isnan(value)}
    assert dead == {"AU06", "AU09", "AU22", "AU23"}
    assert np.nanmax(both) == 0
    unsaid = {name for name, value in zip(AU_SIDED, right[0], strict=True) if np.isnan(value)}
    assert unsaid == {"AU01", "AU06", "AU09"}
    np.testing.assert_array_equal(np.isnan(left), np.isnan(right))


def test_one_sided_smile_is_on_its_side() -> None:
    both, right, left = action_units(shapes(mouthSmileLeft=0.8), BLENDSHAPE_NAMES, np.array([0.0]))
    column = AU_SIDED.index("AU12")
    assert right[0, column] == 0
    np.testing.assert_allclose(left[0, column], 4.0, rtol=1e-6)
    np.testing.assert_allclose(both[0, AU_NAMES.index("AU12")], 2.0, rtol=1e-6)


def test_lips_apart_are_au25() -> None:
    both, _, _ = action_units(shapes(), BLENDSHAPE_NAMES, np.array([0.13]))
    np.testing.assert_allclose(both[0, AU_NAMES.index("AU25")], 2.0, rtol=1e-5)


def test_a_wink_shuts_one_eye() -> None:
    winking = shapes(eyeBlinkRight=0.9, eyeBlinkLeft=0.1)
    np.testing.assert_array_equal(eyes_open(winking, BLENDSHAPE_NAMES), [[0, 1]])
    both, right, left = action_units(winking, BLENDSHAPE_NAMES, np.array([0.0]))
    column = AU_SIDED.index("AU45")
    assert (right[0, column], left[0, column]) == (5, 0)
    assert both[0, AU_NAMES.index("AU45")] == 2.5


def test_a_collapsed_mesh_stands_out() -> None:
    rng = np.random.default_rng(0)
    rotations = rotation_from_euler(rng.normal(0, 0.3, (9, 3)))
    mesh = (rng.normal(0, 1, (478, 3)) @ rotations.swapaxes(1, 2)) * 50 + 100
    mesh[4] = mesh[4].mean(0) + (mesh[4] - mesh[4].mean(0)) * 0.3
    residual = mesh_residuals(mesh, rotations, np.full(9, 50.0))
    assert residual.argmax() == 4
    assert residual[4] > 0.5
    np.testing.assert_allclose(np.delete(residual, 4), 0, atol=1e-5)


def test_all_labels_follow_the_upright_crop() -> None:
    turn = 0.5
    rotation = rotation_from_euler(np.array([[0.0, 0.0, turn]]))[0]
    found = example(photograph(), labels_of(face_points(turn), rotation), 0)
    straight = example(photograph(), labels_of(face_points(), np.eye(3)), 0)
    np.testing.assert_allclose(found["rotation"], np.eye(3), atol=1e-5)
    np.testing.assert_allclose(found["points"], straight["points"], atol=1e-2)


def test_the_68_points_fill_their_share_of_the_crop() -> None:
    points = np.asarray(example(photograph(), labels_of(face_points(), np.eye(3)), 0)["points"])
    low, high = points[:68].min(0), points[:68].max(0)
    np.testing.assert_allclose((low + high) / 2, (SHARD_SIZE - 1) / 2, atol=1e-3)
    np.testing.assert_allclose((high - low).max(), 128 / 1.35, rtol=1e-5)


def test_points_beyond_the_photograph_are_hidden() -> None:
    points = face_points()
    points[8] = 60, 130
    visible = np.asarray(example(photograph(), labels_of(points, np.eye(3)), 0)["visible"])
    assert visible[8] == 0
    assert np.isnan(np.delete(visible, 8)).all()


def test_a_missed_face_keeps_what_people_said(tmp_path: Path) -> None:
    labels = labels_of(face_points(), np.eye(3))
    center, side = typical_square(labels, np.array([[120, 120]]))
    np.testing.assert_allclose(center, [0.5, 70 / 120], rtol=1e-5)
    emotion = np.eye(8, dtype=np.float32)[2]
    made = unlabelled_example(photograph(emotion=emotion), center, side)
    assert write_all(tmp_path, [made]) == 1
    read = read_shards(sorted(tmp_path.glob("*.npz")))
    np.testing.assert_array_equal(read["emotion"][0], emotion)
    assert read["face"][0] == 1
    assert np.isnan(read["points"]).all()
    assert (read["source"][0], read["person"][0], read["name"][0]) == ("source", "person", "name")


def test_answers_are_sorted_by_row(tmp_path: Path) -> None:
    for part, rows in enumerate(([0, 2], [1, 3])):
        n = len(rows)
        np.savez(
            tmp_path / f"{part}.npz",
            row=np.array(rows),
            size=np.full((n, 2), 9),
            success=np.array([True, False]),
            points=np.zeros((n, 478, 3)) + np.array(rows)[:, None, None],
            blendshapes=np.zeros((n, 52)),
            matrix=np.zeros((n, 4, 4)),
            blendshape_names=np.array(BLENDSHAPE_NAMES),
        )
    answers = Answers.load(sorted(tmp_path.glob("*.npz")))
    np.testing.assert_array_equal(answers.rows, [0, 1, 2, 3])
    np.testing.assert_array_equal(answers.mesh[:, 0, 0], [0, 1, 2, 3])
    np.testing.assert_array_equal(answers.found, [True, True, False, False])


def test_padding_upscales_by_a_whole_number_and_replicates() -> None:
    image = np.full((48, 48, 3), 5, np.uint8)
    padded, scale, border = pad_and_scale(image, 0.25)
    assert scale == LEAST_SIDE / 48
    assert border == LEAST_SIDE // 4
    assert padded.shape == (LEAST_SIDE * 3 // 2, LEAST_SIDE * 3 // 2, 3)
    assert (padded == 5).all()


def test_gaze_is_told_of_both_eyes() -> None:
    labels = labels_of(face_points(), np.eye(3))
    told = example(photograph(), labels, 0, np.array([0.6, 0.0, -0.8]))
    np.testing.assert_allclose(told["gaze"], [[0.6, 0, -0.8]] * 2)
    assert np.isnan(example(photograph(), labels, 0)["gaze"]).all()
