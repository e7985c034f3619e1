import numpy as np
import pytest

pytest.importorskip("numba")

from prosopon.geometry import rotation_from_euler
from prosopon_train.data.augment import MIRROR_POINTS
from prosopon_train.teachers.convention import (
    MOVED,
    Convention,
    fit,
    normalise,
    pixels_per_mm,
)

pytestmark = pytest.mark.train
RNG = np.random.default_rng(0)


def heads(n=300):
    """A made-up symmetric rig of 78 points in random poses: points, rotations, face, scales."""
    face = RNG.normal(0, 30, (78, 3))
    face = (face + (face * (-1, 1, 1))[MIRROR_POINTS]) / 2
    rotation = rotation_from_euler(RNG.uniform(-0.6, 0.6, (n, 3)))
    scale = RNG.uniform(0.5, 2, n)
    seen = np.einsum("nij,kj->nki", rotation[:, :2], face) * scale[:, None, None]
    seen = seen - seen[:, :68].mean(1, keepdims=True)
    return seen + RNG.uniform(20, 140, (n, 1, 2)), rotation, face[:68], scale


def test_scale_is_that_of_the_view():
    points, rotation, face, scale = heads(20)
    np.testing.assert_allclose(pixels_per_mm(points, rotation, face), scale, rtol=1e-6)


def test_a_shift_of_places_is_learned_and_pupils_stay(tmp_path):
    points, rotation, face, _ = heads()
    _, eyes = normalise(points, rotation, face)
    theirs = points.copy()
    theirs[:, 8, 1] += 0.2 * eyes  # the chin, wherever it turns
    theirs[:, 68:70] += 5
    fitted = fit(points[:200], rotation[:200], theirs[:200], face)
    fitted.save(tmp_path / "c.npz")
    moved = Convention.load(tmp_path / "c.npz").apply(points[200:], rotation[200:])
    error = np.abs(moved - theirs[200:]) / eyes[200:, None, None]
    assert error[:, MOVED].max() < 0.03
    np.testing.assert_allclose(moved[:, 68:70], points[200:, 68:70], rtol=1e-6)
