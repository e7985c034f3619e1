from __future__ import annotations

import numpy as np
import pytest

from prosopon.measures.head import nods, speeds
from tracks import track, without

TIME = np.arange(0, 6, 1 / 30)


def swinging(pitch: float = 0.0, yaw: float = 0.0, rate: float = 2.0, cycles: float = 3.0):
    """Degrees of swing from 2 s on."""
    wave = np.where((TIME >= 2) & (2 + cycles / rate > TIME), np.sin(TIME * rate * 2 * np.pi), 0)
    angles = np.stack([pitch * wave, yaw * wave, np.zeros_like(wave)], 1)
    return track(TIME, pose_euler=np.deg2rad(angles) / 2, pose_t=(0, 0, 600))


def test_speed_of_an_even_motion():
    angles = np.stack([0.3 * TIME, 0.4 * TIME, 0 * TIME], 1)
    places = np.stack([0 * TIME, 0 * TIME, 600 - 50 * TIME], 1)
    found = speeds(track(TIME, pose_euler=angles, pose_t=places))
    np.testing.assert_allclose(found["head_turn_speed"], 0.5, rtol=1e-4)
    np.testing.assert_allclose(found["head_speed"], 50, rtol=1e-4)


def test_speed_knows_the_frames_own_times():
    uneven = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.05, 60))
    angles = np.stack([uneven, 0 * uneven, 0 * uneven], 1)
    found = speeds(track(uneven, pose_euler=angles, pose_t=0))
    np.testing.assert_allclose(found["head_turn_speed"], 1, rtol=1e-4)


def test_no_speed_where_nobody_was_seen():
    table = track(TIME, pose_euler=0, pose_t=(0, 0, 600))
    found = speeds(without(table, slice(60, 120)))["head_speed"]
    assert np.isnan(found[60:120]).all()
    np.testing.assert_allclose(np.delete(found, np.s_[60:120]), 0, atol=1e-6)


@pytest.mark.parametrize(("axis", "kind"), [("pitch", "nod"), ("yaw", "shake")])
def test_nods_and_shakes(axis: str, kind: str):
    (event,) = nods(swinging(**{axis: 10}))
    assert event.kind == kind
    assert event.start == pytest.approx(2.0, abs=0.2)
    assert event.end == pytest.approx(3.5, abs=0.2)
    assert event.amplitude == pytest.approx(np.deg2rad((5 + 5 * 10 + 5) / 7), rel=0.02)


def test_what_is_no_nod():
    assert nods(swinging(pitch=2)) == []  # too little
    assert nods(swinging(pitch=10, cycles=1)) == []  # too few
    assert nods(swinging(pitch=10, rate=0.5, cycles=2)) == []  # too slow
    assert [e.kind for e in nods(swinging(pitch=6, yaw=12))] == ["shake"]
