"""The clip of the examples: key frames, and true values that agree with the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")

from prosopon_train.synth import clip
from prosopon_train.synth.rig import load_rig
from prosopon_train.synth.roles import ROLES, moment

pytestmark = pytest.mark.train

TRUTH = Path(__file__).parents[2] / "examples" / "clip_truth.csv"


@pytest.fixture(scope="module")
def rig(rig_files):
    return load_rig(*rig_files)


def test_moment_follows_the_key_frames():
    role = ROLES[0]
    smile = moment(role, 3.5).expression
    assert smile.units["AU12"] == (0.9, 0.9)
    assert "AU12" not in moment(role, 1.0).expression.units
    assert "AU12" not in moment(role, 6.0).expression.units
    assert moment(role, role.blinks[0]).expression.mean("AU45") == 1
    assert moment(role, role.blinks[0] + 0.3).expression.mean("AU45") == 0
    np.testing.assert_allclose(np.rad2deg(moment(role, 1.2).turn[1]), -30, atol=1.6)
    np.testing.assert_allclose(moment(role, 1.2).look, np.deg2rad([-24, 0]), atol=1e-6)


def test_everything_moves_smoothly():
    times = np.arange(clip.FRAMES) / clip.RATE
    for role in ROLES:
        moments = [moment(role, time) for time in times]
        turns = np.rad2deg([now.turn for now in moments])
        assert np.abs(np.diff(turns, axis=0)).max() < 5
        assert np.abs(np.diff([now.offset for now in moments], axis=0)).max() < 16


@pytest.mark.shared
def test_true_values_agree_with_the_picture(rig):
    first, both = clip.render_frames(rig, (27, 34), range(0, 2 * 140, 140))
    assert first[1]["face_id"].tolist() == [0]  # the second person comes later
    picture, truth = both
    assert picture.shape == (clip.HEIGHT, clip.WIDTH, 3)
    assert truth["frame"].tolist() == [140, 140]
    assert truth["time"].tolist() == [5.6, 5.6]
    np.testing.assert_allclose(np.linalg.norm(truth["gaze"], axis=2), 1, atol=1e-6)

    luma = picture.mean(2)
    for points, pupils, box, euler in zip(
        truth["landmarks"], truth["pupils"], truth["box"], truth["pose_euler"], strict=True
    ):
        np.testing.assert_allclose(box[[0, 2]], [points[:, 0].min(), points[:, 0].max()])
        assert points[36, 0] < points[45, 0]
        assert points[27, 1] < points[33, 1] < points[8, 1]
        lead = (points[30, 0] - points[36:48, 0].mean()) / (points[45, 0] - points[36, 0])
        assert lead > 0.15 if euler[1] > 0.4 else abs(lead) < 0.1
        for column, row in np.round(pupils).astype(int):
            near = luma[row - 5 : row + 6, column - 8 : column + 9]
            assert luma[row, column] < near.mean()  # the pupil is dark


def test_shipped_truth_has_the_columns_of_the_output():
    with TRUTH.open() as lines:
        header = next(lines).strip().split(",")
    assert header == [name for column in clip.SCHEMA for name in column.flat]
