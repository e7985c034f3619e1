"""prosopon.mirror: the network's answer to a mirrored crop, turned about."""

import numpy as np
import pytest

from prosopon.geometry import rotation_from_6d, rotation_from_euler
from prosopon.mirror import MIRROR_POINTS, mirror_map
from prosopon.network import FaceNetwork

SIZES = {
    **{"points": 156, "points_scale": 78, "rotation": 6, "rotation_scale": 1, "gaze": 6},
    **{"gaze_scale": 2, "au": 21, "au_sides": 26, "eye_open": 2, "emotion": 8, "marks": 136},
}
STARTS = dict(zip(SIZES, np.cumsum([0, *SIZES.values()])[:-1].tolist(), strict=True))
OUTPUTS = {name: (STARTS[name], size) for name, size in SIZES.items()}
SLICES = {name: slice(start, start + size) for name, (start, size) in OUTPUTS.items()}
WIDTH = sum(SIZES.values())


def turned(raw):
    order, sign = mirror_map(SLICES)
    return sign * raw[order]


def test_twice_turned_is_as_before():
    raw = np.random.default_rng(0).normal(size=WIDTH)
    np.testing.assert_allclose(turned(turned(raw)), raw)


def test_points_change_sides_and_x_its_sign():
    raw = np.zeros(WIDTH)
    points = raw[SLICES["points"]].reshape(78, 2)
    points[36] = (-0.4, -0.1)  # the right eye's outer corner
    found = turned(raw)[SLICES["points"]].reshape(78, 2)
    np.testing.assert_allclose(found[45], (0.4, -0.1))
    assert (MIRROR_POINTS[MIRROR_POINTS] == np.arange(78)).all()


def test_rotation_is_that_of_the_mirrored_head():
    matrix = rotation_from_euler(np.array([[0.3, 0.5, -0.2]]))[0]
    raw = np.zeros(WIDTH)
    raw[SLICES["rotation"]] = matrix[:, :2].T.ravel()
    found = rotation_from_6d(turned(raw)[None, SLICES["rotation"]])[0]
    expected = rotation_from_euler(np.array([[0.3, -0.5, 0.2]]))[0]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("name", ["au_sides", "eye_open", "gaze_scale"])
def test_sides_change_places(name):
    raw = np.zeros(WIDTH)
    half = SIZES[name] // 2
    raw[SLICES[name]][:half] = 1
    np.testing.assert_array_equal(turned(raw)[SLICES[name]], [0] * half + [1] * half)


def test_both_views_are_averaged():
    class Brightness:
        def run(self, _, feed):
            left = feed["crops"][:, 0, :, :2].mean((1, 2))
            out = np.zeros((len(left), WIDTH), np.float32)
            out[:, STARTS["au"]] = left
            return [out]

    crops = np.zeros((1, 1, 4, 4), np.float32)
    crops[..., :2] = 6
    network = FaceNetwork(Brightness(), OUTPUTS)
    assert network(crops)[0, STARTS["au"]] == 6
    assert network.both_ways(crops)[0, STARTS["au"]] == 3
