from __future__ import annotations

import numpy as np
import pytest

from prosopon.measures.gaze import eye_contact, held, mass_in_cone
from prosopon.measures.run import measure
from prosopon.types import FaceTable
from tracks import track

TIME = np.arange(0, 4, 1 / 30)
BLINK = (TIME >= 1.95) & (TIME <= 2.25)


def blinker(shut: float = 0.3) -> FaceTable:
    """Looks at (0.1, 0.05), then from 2 s on at (0.2, 0.05); lids down for ``shut`` s drag it."""
    dip = np.interp(TIME, [2, 2.05, 1.95 + shut, 2 + shut], [0, 1, 1, 0])
    gaze = np.stack([np.where(TIME < 2.1, 0.1, 0.2), 0.05 - 0.4 * dip], 1)
    return track(TIME, gaze_angle=gaze, eye_open=(0.9 - 0.85 * dip)[:, None], gaze_sigma=0.1)


def test_gaze_is_interpolated_over_a_blink_and_marked():
    table = blinker(0.2)
    gaze, bridged = held(table)
    inside = bridged > 0
    assert 5 <= inside.sum() <= 8
    np.testing.assert_array_equal(gaze[~inside], table["gaze_angle"][~inside])
    np.testing.assert_allclose(gaze[inside, 1], 0.05, atol=0.01)
    assert (np.diff(gaze[inside, 0]) > 0).all()
    assert 0.1 < gaze[inside, 0].min() < gaze[inside, 0].max() < 0.2
    assert table["gaze_angle"][inside, 1].min() < -0.3  # what was measured is still there


def test_gaze_is_empty_while_the_eyes_stay_shut():
    gaze, bridged = held(blinker(1.5))
    assert bridged.sum() == 0
    assert np.isnan(gaze[(TIME > 2.1) & (TIME < 3.4)]).all()
    assert not np.isnan(gaze[TIME < 1.9]).any()


def test_eye_contact():
    time = np.arange(4.0)
    angles = np.array([[0, 0], [0.05, 0], [0.5, 0], [np.nan, np.nan]])
    table = track(time, gaze_angle=angles, eye_open=0.9, gaze_sigma=0.08)
    contact = eye_contact(table)
    assert contact[0] > contact[1] > contact[2]
    assert contact[2] < 1e-6
    assert np.isnan(contact[3])
    # All of a sharp distribution lies in the cone.
    sharp = eye_contact(track(time, gaze_angle=angles, eye_open=0.9, gaze_sigma=0.01))
    np.testing.assert_allclose(sharp[:3], [1, 1, 0], atol=1e-6)
    elsewhere = eye_contact(table, target=(0.5, 0.0))
    assert elsewhere[2] == pytest.approx(contact[0])


def test_shut_eyes_make_no_contact():
    table = blinker(1.5)
    assert (eye_contact(table)[(TIME > 2.1) & (TIME < 3.4)] == 0).all()


def test_gaze_in_the_cameras_axes():
    # Somebody at the right of the picture who looks into the lens looks back to the left.
    table = track(np.arange(3.0), gaze_angle=0, eye_open=0.9, pose_t=(300, -300, 600))
    found = measure(table, ["gaze"]).rows["gaze_camera"]
    pitch = -np.arcsin(300 / np.sqrt(300**2 + 300**2 + 600**2))
    np.testing.assert_allclose(found, np.tile([-np.arctan2(300, 600), pitch], (3, 1)), rtol=1e-5)


def test_mass_against_a_drawn_distribution():
    generator = np.random.default_rng(0)
    for away, deviation, cone in ((0.0, 0.1, 0.12), (0.1, 0.05, 0.12), (0.2, 0.1, 0.05)):
        points = generator.normal(0, deviation, (200_000, 2)) + (away, 0)
        share = (np.hypot(*points.T) < cone).mean()
        sigma = np.array([deviation * np.sqrt(np.pi / 2)])
        assert mass_in_cone(np.array([away]), sigma, cone)[0] == pytest.approx(share, abs=4e-3)
