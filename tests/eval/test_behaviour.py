"""The protocol on rendered clips, with tables whose blinks and gaze are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eval_stubs import StubAnalyzer
from prosopon.errors import InputError
from prosopon.measures.base import Event
from prosopon.types import FaceTable
from prosopon_eval.protocols.behaviour import figures, pair_up, run, score_clip, tenth
from tracks import track

RATE = 30
TIME = np.arange(0, 6, 1 / RATE)


def blink(start: float, end: float, kind: str = "blink", closure: float = 1.0) -> dict[str, Any]:
    return {
        "kind": kind,
        "start": start,
        "apex": (start + end) / 2,
        "end": end,
        "closure": closure,
    }


BLINKS = [blink(0.5, 0.75), blink(1.5, 1.7), blink(3.5, 3.8), blink(5, 5.2, closure=0.1)]


def openness(*blinks: dict[str, Any]) -> np.ndarray:
    level = np.full(len(TIME), 0.9)
    for one in blinks:
        shape = np.interp(TIME, [one["start"], one["apex"], one["end"]], [0, one["closure"], 0])
        level = np.minimum(level, 0.9 - 0.88 * shape)
    return level


def truth() -> dict[str, Any]:
    """Four blinks, the last of which can't be seen, and a look away from the lens after 3 s."""
    gaze = np.where(TIME[:, None] < 3, (0.0, 0.0), (0.3, 0.0))
    looks = [
        {"start": 0.0, "end": 3.0, "x": 250, "y": 0, "lens": True, "calibration": True},
        {"start": 3.0, "end": 6.0, "x": 95, "y": 0, "lens": False, "calibration": False},
    ]
    return {
        "fps": RATE,
        "screen": [500, 300, 250, 0],
        "blinks": BLINKS,
        "looks": looks,
        "frames": [
            {"eye_open": [float(level)] * 2, "gaze": angles.tolist()}
            for level, angles in zip(openness(*BLINKS), gaze, strict=True)
        ],
    }


def table(*found: dict[str, Any]) -> FaceTable:
    """Gaze is right but for lids that drag it down by 0.2 rad."""
    level = openness(*found)
    gaze = np.array([frame["gaze"] for frame in truth()["frames"]])
    gaze[:, 1] -= 0.2 * (level < 0.89)
    return track(
        TIME, eye_open=level[:, None], gaze_angle=gaze, gaze_sigma=0.05, pose_t=(0, 0, 500)
    )


def test_each_event_is_in_one_pair_at_most():
    events = [Event("blink", 0, t - 0.1, t, t + 0.1, 1.0) for t in (0.6, 0.72, 1.78, 2.5)]
    pairs = pair_up(BLINKS, events)
    assert [(one["start"], event.apex) for one, event in pairs] == [(0.5, 0.6), (1.5, 1.78)]


def test_figures():
    clip = score_clip(table(*BLINKS[:2], blink(4.2, 4.4)), truth())
    values = {figure.name: figure for figure in figures([clip]).figures}
    assert values["blinks, precision"].value == pytest.approx(2 / 3)
    assert values["blinks, recall"].value == pytest.approx(2 / 3)
    assert values["blinks, recall, 30 frames/s"].n == 3  # one true blink can't be seen
    assert values["full blinks found"].value == pytest.approx(200 / 3)
    assert values["blinks told as blinks"].value == 100
    assert abs(values["start, median lateness"].value) < 20
    assert values["gaze, open, median"].value == pytest.approx(0, abs=1e-6)
    assert values["eye contact, AUC"].value == 1
    assert values["screen, calibrated, median"].value == pytest.approx(0, abs=1)


def test_gaze_is_not_dragged_where_it_is_held():
    clip = score_clip(table(*BLINKS), truth())
    values = {figure.name: figure.value for figure in figures([clip]).figures}
    assert values["dragged in blinks, measured, median"] == pytest.approx(np.rad2deg(0.2))
    assert values["dragged in blinks, held, median"] == pytest.approx(0, abs=0.1)


def test_nobody_found():
    clip = score_clip(FaceTable.concat([], table().schema), truth())
    assert (len(clip.true), clip.found, clip.pairs) == (3, [], [])


def test_a_tenth_of_the_movement():
    down, up = tenth(blink(1.0, 2.0))
    for time in (down, up):
        even = (0.5 - 0.1 - abs(time - 1.5) + 0.1) / 0.4
        assert even * even * (3 - 2 * even) == pytest.approx(0.1, abs=1e-3)


def test_a_folder_without_clips(tmp_path: Path):
    (tmp_path / "a.json").write_text(json.dumps(truth()))
    with pytest.raises(InputError, match="holds no clips with their truth"):
        run(StubAnalyzer(lambda luma, boxes: table()), tmp_path)
