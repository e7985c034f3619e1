from __future__ import annotations

import numpy as np
import pytest

from prosopon.errors import InputError
from prosopon.measures.blinks import blinks, log_odds
from prosopon.types import AnyArray, FaceTable
from tracks import together, track, without


def lids(time: AnyArray, *moves: tuple[float, float, float], rest: float = 0.9) -> AnyArray:
    """Openness (n,) at rest but for moves (start, end, lowest), straight down and up."""
    level = np.full(len(time), rest)
    for start, end, lowest in moves:
        shape = np.interp(time, [start, (start + end) / 2, end], [rest, lowest, rest])
        level = np.minimum(level, shape)
    return level


def watch(rate: float, *moves: tuple[float, float, float], seconds: float = 4.0) -> FaceTable:
    time = np.arange(0, seconds, 1 / rate)
    return track(time, eye_open=lids(time, *moves)[:, None])


@pytest.mark.parametrize("rate", [15, 24, 25, 30, 60, 120])
@pytest.mark.parametrize("length", [0.15, 0.25, 0.4])
def test_a_blink_at_any_frame_rate(rate: float, length: float):
    (event,) = blinks(watch(rate, (1.0, 1.0 + length, 0.02)))
    assert event.kind == "blink"
    assert event.face_id == 0
    # A tenth of the depth, in log-odds, is passed a little after the lids set out.
    assert event.start == pytest.approx(1.0, abs=max(1 / rate, 0.02))
    assert event.apex == pytest.approx(1.0 + length / 2, abs=1 / rate)
    assert event.end == pytest.approx(1.0 + length, abs=max(1 / rate, 0.02))
    assert event.amplitude > 0.55


def test_amplitude_is_the_share_of_openness_lost():
    full, half = blinks(watch(60, (1.0, 1.2, 0.02), (2.0, 2.2, 0.45)))
    assert full.amplitude == pytest.approx(1 - 0.02 / 0.9, abs=0.01)
    assert half.amplitude == pytest.approx(0.5, abs=0.01)


def test_blinks_in_a_row_are_told_apart():
    events = blinks(watch(30, (1.0, 1.2, 0.1), (1.2, 1.4, 0.1), (1.9, 2.1, 0.1)))
    assert [round(event.apex, 1) for event in events] == [1.1, 1.3, 2.0]


def test_what_is_no_blink():
    time = np.arange(0, 4, 1 / 30)
    shut = np.interp(time, [1, 1.1, 2.5, 2.7], [0.9, 0.05, 0.05, 0.9])
    assert [e.kind for e in blinks(track(time, eye_open=shut[:, None]))] == ["closure"]
    assert blinks(watch(30, (1.0, 1.2, 0.8))) == []  # too shallow
    time = np.arange(0, 4, 1 / 60)
    glitch = np.where(np.arange(len(time)) == 100, 0.05, 0.9)
    assert blinks(track(time, eye_open=glitch[:, None])) == []  # 17 ms
    assert blinks(watch(30, (3.9, 4.3, 0.02))) == []  # does not end
    assert blinks(watch(30, (1.0, 1.2, 0.02), seconds=0.05)) == []


def test_noise_makes_no_blinks_but_hides_none():
    time = np.arange(0, 20, 1 / 30)
    noise = np.random.default_rng(0).normal(0, 0.25, len(time))
    odds = log_odds(lids(time, (5, 5.2, 0.02), (12, 12.3, 0.02), rest=0.7)) + noise
    found = blinks(track(time, eye_open=(1 / (1 + np.exp(-odds)))[:, None]))
    assert [round(event.apex, 1) for event in found] == [5.1, 12.2]


def test_a_blink_of_narrowed_eyes():
    time = np.arange(0, 4, 1 / 30)
    (event,) = blinks(track(time, eye_open=lids(time, (2.0, 2.2, 0.05), rest=0.25)[:, None]))
    assert event.amplitude == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize(("side", "kind"), [(0, "wink_right"), (1, "wink_left")])
def test_winks(side: int, kind: str):
    time = np.arange(0, 4, 1 / 30)
    eyes = np.full((len(time), 2), 0.9)
    eyes[:, side] = lids(time, (2.0, 2.2, 0.05))
    (event,) = blinks(track(time, eye_open=eyes))
    assert event.kind == kind
    assert event.amplitude == pytest.approx(1 - 0.05 / 0.9, abs=0.02)


def test_a_far_eye_has_no_say():
    time = np.arange(0, 4, 1 / 30)
    eyes = np.stack([lids(time, (2.0, 2.2, 0.05)), np.full(len(time), 0.4)], 1)
    turned = track(time, eye_open=eyes, pose_euler=(0, np.deg2rad(50), 0))
    assert [event.kind for event in blinks(turned)] == ["blink"]
    other_way = track(time, eye_open=eyes, pose_euler=(0, np.deg2rad(-50), 0))
    assert blinks(other_way) == []


def test_frames_that_are_missing():
    table = watch(30, (2.0, 2.3, 0.02))
    (event,) = blinks(without(table, [63, 64]))  # within the blink
    assert event.start == pytest.approx(2.0, abs=0.04)
    assert event.end == pytest.approx(2.3, abs=0.04)
    assert blinks(without(watch(30, (2.0, 2.3, 0.02)), slice(62, 75))) == []


def test_everybody_has_their_own():
    time = np.arange(0, 4, 1 / 30)
    table = together(
        track(time, 3, eye_open=lids(time, (2.0, 2.2, 0.1))[:, None]),
        track(time, 1, eye_open=lids(time, (1.0, 1.2, 0.1))[:, None]),
    )
    assert [(event.face_id, round(event.apex, 1)) for event in blinks(table)] == [
        (1, 1.1),
        (3, 2.1),
    ]


def test_a_table_without_eyes():
    with pytest.raises(InputError, match="no column eye_open"):
        blinks(track(np.arange(3.0)))
