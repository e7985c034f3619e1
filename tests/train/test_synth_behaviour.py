"""What the people of the behaviour clips do."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from prosopon_train.synth import behaviour
from prosopon_train.synth.behaviour import LENS, SECONDS, Blink, write_script

pytestmark = pytest.mark.train


def test_lids_close_at_the_apex_and_are_open_at_the_ends():
    blink = Blink("blink", 1.0, 1.1, 1.3, 0.6)
    levels = [blink.at(time) for time in (0.9, 1.0, 1.1, 1.3, 1.4)]
    assert levels == [0, 0, 0.6, 0, 0]
    assert 0 < blink.at(1.03) < 0.6


def test_a_script_fills_the_clip():
    script = write_script(np.random.default_rng(3))
    looks = script.looks
    assert (looks[0].start, looks[-1].end) == (0, SECONDS)
    assert [look.end for look in looks[:-1]] == [look.start for look in looks[1:]]
    assert len({(look.x, look.y) for look in looks if look.calibration}) == 9
    assert all((look.x, look.y) == LENS for look in looks if look.lens)
    starts = [blink.start for blink in script.blinks]
    assert len(starts) > 5
    assert np.diff(starts).min() > 0.7


def test_the_eyes_jump_from_look_to_look():
    script = write_script(np.random.default_rng(3))
    second = script.looks[1]
    settled = behaviour._target(script, second.start + 0.3, 0.05)
    np.testing.assert_allclose(settled, [(LENS[0] - second.x) / 10, (second.y - LENS[1]) / 10, 0])
    first = script.looks[0]
    before = behaviour._target(script, second.start - 0.01, 0.05)
    np.testing.assert_allclose(before, [(LENS[0] - first.x) / 10, (first.y - LENS[1]) / 10, 0])


@pytest.mark.shared
def test_true_openness_and_gaze_of_a_frame(shared, tmp_path):
    path = shared / "data" / "ict_rig.npz"
    if not path.exists():
        pytest.skip(f"no face rig at {path}")
    rig = behaviour.load_rig(path, tmp_path / "cache.npz")
    person = behaviour.sample_person(rig, np.random.default_rng(0))
    look = behaviour.Look(0, SECONDS, *LENS, True, False)
    shut = Blink("wink_left", -0.1, 0.0, 0.1, 1.0)
    script = behaviour.Script((shut,), (look,), (20, 21), np.zeros(5))
    picture, truth = next(behaviour.render_clip(rig, person, script, 25, 0))
    assert picture.shape == (behaviour.HEIGHT, behaviour.WIDTH)
    right, left = truth["eye_open"]
    assert left < 0.1 < 0.5 < right
    np.testing.assert_allclose(truth["gaze"], 0, atol=0.02)
