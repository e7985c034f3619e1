from dataclasses import replace

import numpy as np
import pytest

from prosopon.geometry import Camera, rotation_from_euler
from prosopon.heads import Context, load_heads
from prosopon.heads.landmarks import WFLW_FROM_POINTS

SIZES = {
    "points": 156,
    "points_scale": 78,
    "rotation": 6,
    "gaze": 6,
    "au": 21,
    "au_presence": 21,
    "au_sides": 26,
    "eye_open": 2,
    "emotion": 8,
    "affect": 2,
    "face": 1,
}
SHAPE = np.random.default_rng(1).normal(0, 40, (68, 3)).astype(np.float32)
CAMERA = Camera(500, 500, 320, 240)


def context(angle=0.0, to_image=((1.0, 0, 0), (0, 1.0, 0)), offset=(0.0, 0.0), **outputs):
    raw = {name: np.zeros((1, size), dtype=np.float32) for name, size in SIZES.items()}
    raw["rotation"][:] = [1, 0, 0, 0, 1, 0]
    raw["gaze"][:] = [0, 0, -1, 0, 0, -1]
    for name, values in outputs.items():
        raw[name][:] = values
    return Context(
        outputs=raw,
        to_image=np.array([to_image], dtype=np.float32),
        angles=np.array([angle], dtype=np.float32),
        crop_size=128,
        landmark_offset=offset,
        camera=CAMERA,
        face_shape=SHAPE,
        contrast=np.array([35.0], dtype=np.float32),
        sharpness=np.array([1.0], dtype=np.float32),
    )


def decode(given):
    decoded = {}
    for head in load_heads(set(SIZES)):
        columns = head.decode(given)
        given.columns.update(columns)
        decoded.update(columns)
    return decoded


def test_every_column_has_its_shape():
    decoded = decode(context())
    for head in load_heads(set(SIZES)):
        for column in head.columns:
            assert decoded[column.name].shape == (1, *column.shape), column.name


def test_a_network_without_an_output_has_no_such_head():
    names = {c.name for head in load_heads({"points", "points_scale"}) for c in head.columns}
    assert names == {"landmarks", "landmarks_98", "landmark_sigma", "pupils"}


def test_landmarks_are_in_image_pixels():
    points = np.zeros((78, 2), dtype=np.float32)
    points[5] = [1, -0.5]
    decoded = decode(
        context(points=points.ravel(), to_image=((2, 0, 10), (0, 2, 20)), points_scale=np.log(0.1))
    )
    np.testing.assert_allclose(decoded["landmarks"][0, 0], [63.5 * 2 + 10, 63.5 * 2 + 20])
    np.testing.assert_allclose(
        decoded["landmarks"][0, 5], [(63.5 + 64) * 2 + 10, (63.5 - 32) * 2 + 20]
    )
    np.testing.assert_allclose(decoded["landmark_sigma"], 0.1 * 64 * 2, rtol=1e-5)


def test_the_packs_offset_moves_the_68_in_the_image_alone():
    # A crop of a face that is turned by 90°, two image pixels to a crop pixel.
    turned = ((0, -2.0, 0), (2.0, 0, 0))
    plain, moved = (
        decode(context(to_image=turned)),
        decode(context(to_image=turned, offset=(0.01, 0))),
    )
    shift = moved["landmarks"] - plain["landmarks"]
    np.testing.assert_allclose(shift, np.broadcast_to([2.56, 0], shift.shape), atol=1e-4)
    for name in ("landmarks_98", "pupils"):
        np.testing.assert_array_equal(moved[name], plain[name])


def test_marks_take_the_place_of_the_68():
    given = context(points=0.1)
    given.outputs["marks"] = np.full((1, 136), 0.5, dtype=np.float32)
    decoded = decode(given)
    np.testing.assert_allclose(decoded["landmarks"], 63.5 + 32)
    np.testing.assert_allclose(decoded["pupils"], 63.5 + 6.4, rtol=1e-6)


def test_wflw_map_is_affine_and_keeps_shared_points():
    np.testing.assert_allclose(WFLW_FROM_POINTS.sum(1), 1, atol=1e-6)
    points = np.random.default_rng(0).normal(size=(78, 2)).astype(np.float32)
    wflw = WFLW_FROM_POINTS @ points
    for target, source in ((0, 0), (32, 16), (54, 30), (60, 36), (72, 45), (76, 48), (96, 68)):
        np.testing.assert_allclose(wflw[target], points[source])
    line = np.stack([np.arange(78), 2.0 * np.arange(78)], 1).astype(np.float32)
    np.testing.assert_allclose((WFLW_FROM_POINTS @ line)[5], [2.5, 5.0], atol=1e-5)


def test_roll_taken_out_by_the_crop_is_put_back():
    decoded = decode(context(angle=0.4, gaze=[1, 0, -1, 1, 0, -1]))
    np.testing.assert_allclose(decoded["pose_euler"], [[0, 0, 0.4]], atol=1e-6)
    np.testing.assert_allclose(decoded["pose_r"], [[0, 0, 0.4]], atol=1e-6)
    expected = np.array([np.cos(0.4), np.sin(0.4), -1]) / np.sqrt(2)
    np.testing.assert_allclose(decoded["gaze"][0], [expected, expected], atol=1e-6)


def test_gaze_relative_to_the_head():
    rotation = rotation_from_euler(np.array([[0.0, 0.3, 0.0]]))[0]
    six = rotation[:, :2].T.ravel()
    decoded = decode(context(rotation=six, gaze=[0, 0, -1, 0, 0, -1]))
    np.testing.assert_allclose(decoded["pose_euler"][0, 1], 0.3, atol=1e-6)
    np.testing.assert_allclose(decoded["gaze_angle"], 0, atol=1e-6)
    # The head is turned to image right and the eyes look into the lens: to the head's other side.
    np.testing.assert_allclose(decoded["gaze_head"], [[-0.3, 0]], atol=1e-6)


def test_position_from_known_projection():
    rotation = rotation_from_euler(np.array([[0.1, -0.4, 0.2]]))[0]
    position = np.array([60.0, -30.0, 700.0])
    world = SHAPE @ rotation.T + position
    pixels = world[:, :2] / world[:, 2:] * 500 + [320, 240]
    points = np.zeros((78, 2))
    points[:68] = (pixels - 63.5) / 64
    decoded = decode(context(points=points.ravel(), rotation=rotation[:, :2].T.ravel()))
    np.testing.assert_allclose(decoded["pose_t"][0], position, rtol=1e-3)


def test_action_units_are_clipped_to_0_5():
    au = np.linspace(-0.5, 1.5, 21)
    decoded = decode(context(au=au))
    assert decoded["au"].min() == 0
    assert decoded["au"].max() == 5
    np.testing.assert_allclose(decoded["au"][0, 10], au[10] * 5, rtol=1e-6)


def test_emotion_is_a_distribution_even_for_large_logits():
    decoded = decode(context(emotion=[1000, 999, 0, 0, 0, 0, 0, -1000]))
    assert decoded["emotion"].sum() == pytest.approx(1)
    assert decoded["emotion"][0, 0] == pytest.approx(1 / (1 + np.exp(-1)))


def test_confidence_falls_with_predicted_error_and_without_a_face():
    points = np.zeros((78, 2))
    points[36], points[45] = [-0.5, 0], [0.5, 0]  # eyes half a crop apart
    sure = decode(context(points=points.ravel(), points_scale=np.log(0.01), face=9))
    vague = decode(context(points=points.ravel(), points_scale=np.log(0.5), face=9))
    none = decode(context(points=points.ravel(), points_scale=np.log(0.01), face=-9))
    assert sure["confidence"][0] > 0.99
    assert 0.1 < vague["confidence"][0] < 0.3
    assert none["confidence"][0] < 0.01


def test_gaze_confidence_falls_with_expected_error_and_with_the_lids():
    given = context(eye_open=4)
    given.outputs["gaze_scale"] = np.log([[0.05, 0.4]]).astype(np.float32)
    sure = decode(given)
    np.testing.assert_allclose(sure["gaze_sigma"], 2 * np.arcsin([[0.025, 0.2]]), rtol=1e-5)
    assert sure["gaze_confidence"][0] == pytest.approx(
        1 - np.exp(-np.deg2rad(10) / 0.0500052), rel=1e-4
    )
    given = context(eye_open=-4)
    given.outputs["gaze_scale"] = np.log([[0.05, 0.4]]).astype(np.float32)
    assert decode(given)["gaze_confidence"][0] < 0.05
    assert np.isnan(decode(context())["gaze_confidence"][0])


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        pytest.param({}, None, id="good"),
        pytest.param({"to_image": ((0.3, 0, 0), (0, 0.3, 0))}, 0, id="small"),
        pytest.param({"contrast": 5}, 1, id="flat"),
        pytest.param({"sharpness": 0.009}, 2, id="blurred"),
        pytest.param({"rotation": [0.5, 0, -0.87, 0, 1, 0]}, 3, id="turned"),
        pytest.param({"points_scale": np.log(0.07)}, 4, id="covered"),
    ],
)
def test_a_flag_for_each_part_of_the_quality(change, flag):
    grey = {name: change.pop(name) for name in ("contrast", "sharpness") if name in change}
    given = context(**{"points_scale": np.log(0.02), **change})
    decoded = decode(replace(given, **{name: np.float32([value]) for name, value in grey.items()}))
    expected = np.zeros(5, int)
    if flag is not None:
        expected[flag] = 1
    np.testing.assert_array_equal(decoded["flags"][0], expected)
    assert decoded["quality"][0] == pytest.approx(
        np.maximum(decoded["quality_parts"][0], 0.01).prod() ** 0.2, rel=1e-5
    )
