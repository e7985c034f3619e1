import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")

from prosopon.geometry import euler_from_rotation, rotation_from_euler
from prosopon_train.data.augment import (
    LABELS,
    MIRROR_POINTS,
    augment,
    center_crop,
    mirror,
    network_points,
)
from prosopon_train.data.schema import FIELDS, N_POINTS

pytestmark = pytest.mark.train
RNG = np.random.default_rng(3)


def example(**labels):
    out = {name: np.full(FIELDS[name][0], np.nan, dtype=np.float32) for name in LABELS}
    out["image"] = RNG.integers(0, 255, (160, 160), dtype=np.uint8)
    out["points"] = RNG.uniform(40, 120, (N_POINTS, 2)).astype(np.float32)
    out["face"] = np.float32(1)
    out.update(labels)
    return out


def test_center_crop_is_the_middle():
    given = example()
    view = center_crop(given)
    np.testing.assert_array_equal(view["image"], given["image"][16:144, 16:144])
    np.testing.assert_allclose(view["points"], given["points"] - 16, atol=1e-4)


def test_network_points_unit():
    np.testing.assert_allclose(network_points(np.array([63.5, 127.5])), [0, 1])


def test_mirror_twice_is_nothing():
    given = center_crop(
        example(
            rotation=rotation_from_euler(np.array([[0.1, 0.2, 0.3]]))[0].astype(np.float32),
            gaze=RNG.normal(size=(2, 3)).astype(np.float32),
            eye_open=np.array([0.2, 0.9], dtype=np.float32),
        )
    )
    there = mirror(given)
    np.testing.assert_allclose(
        euler_from_rotation(there["rotation"][None]), [[0.1, -0.2, -0.3]], atol=1e-6
    )
    np.testing.assert_array_equal(there["eye_open"], given["eye_open"][::-1])
    back = mirror(there)
    for name in ("image", "points", "rotation", "gaze", "eye_open"):
        np.testing.assert_allclose(back[name], given[name], atol=1e-4)


def test_mirror_pairs_are_mutual():
    assert sorted(MIRROR_POINTS) == list(range(N_POINTS))
    np.testing.assert_array_equal(MIRROR_POINTS[MIRROR_POINTS], np.arange(N_POINTS))


def test_labels_turn_with_the_picture():
    # A bright spot stays under its point, whatever the view; roll follows the drawn eye line.
    flat = np.zeros((160, 160), dtype=np.uint8)
    flat[70:73, 90:93] = 255
    points = np.full((N_POINTS, 2), np.nan, dtype=np.float32)
    points[:] = [91, 71]
    seen = 0
    for seed in range(30):
        given = example(image=flat, points=points, rotation=np.eye(3, dtype=np.float32))
        view = augment(given, np.random.default_rng(seed))
        if view["face"] == 0:
            continue
        x, y = view["points"][0].round().astype(int)
        around = view["image"][max(y - 3, 0) : y + 4, max(x - 3, 0) : x + 4]
        seen += around.size > 0 and around.max() >= np.percentile(view["image"], 99)
        roll = euler_from_rotation(view["rotation"][None])[0, 2]
        assert abs(np.rad2deg(roll)) <= 28.1
    assert seen >= 24, "noise and occlusion may hide it now and then"


def test_a_miss_says_nothing_but_no_face():
    for seed in range(200):
        view = augment(example(), np.random.default_rng(seed))
        if view["face"] == 0:
            assert np.isnan(view["points"]).all()
            return
    pytest.fail("no miss in 200 views")
