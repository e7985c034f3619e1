"""Smoothing in time: no lag, gaps respected, streams equal to tables, raw kept."""

from __future__ import annotations

import numpy as np
import pytest

from prosopon.errors import InputError
from prosopon.filters.smoothing import GAP, REACH, OneEuro, ZeroPhase, smooth
from prosopon.geometry import rotation_from_euler, rotation_vector
from prosopon.heads.pose import HEAD
from prosopon.types import FRAME_COLUMNS, AnyArray, FaceTable

SCHEMA = (*FRAME_COLUMNS, *HEAD.columns)


def table(time: AnyArray, yaw: AnyArray, ids: AnyArray | int = 0) -> FaceTable:
    """Rows that turn by ``yaw`` (n,) rad and move 100 mm per rad."""
    n = len(time)
    data = {column.name: column.empty(n) for column in SCHEMA}
    data["time"], data["frame"] = np.asarray(time, float), np.arange(n)
    data["face_id"] = np.broadcast_to(ids, n).astype(np.int32)
    data["success"][:] = 1
    euler = np.stack([np.zeros(n), yaw, np.zeros(n)], 1)
    data["pose_euler"] = euler.astype(np.float32)
    data["pose_r"] = rotation_vector(rotation_from_euler(euler)).astype(np.float32)
    data["pose_t"] = np.stack([100 * yaw, np.zeros(n), np.full(n, 600.0)], 1).astype(np.float32)
    return FaceTable(SCHEMA, data)


def times(n: int, seed: int = 0) -> AnyArray:
    """Irregular, about 30 a second."""
    return np.cumsum(np.random.default_rng(seed).uniform(0.02, 0.045, n))


def test_a_parabola_passes_unchanged():
    time = times(60)
    yaw = 0.2 + 0.1 * time - 0.05 * time**2
    done = smooth(table(time, yaw))
    assert done["pose_euler"][:, 1] == pytest.approx(yaw, abs=2e-4)
    assert done["pose_t"][:, 0] == pytest.approx(100 * yaw, abs=2e-2)


def test_noise_is_halved_without_lag():
    time = times(600)
    true = 0.4 * np.sin(2 * np.pi * 0.5 * time)
    noisy = true + np.random.default_rng(1).normal(0, 0.02, len(time))
    done = smooth(table(time, noisy))["pose_euler"][:, 1]
    assert np.std(done - true) < 0.6 * np.std(noisy - true)
    speed = 0.4 * np.pi * np.cos(np.pi * time)
    lag = -((done - true) * speed).sum() / (speed**2).sum()
    assert abs(lag) < 0.002  # s


def test_raw_values_stay_beside():
    time = times(30)
    noisy = np.random.default_rng(2).normal(0, 0.1, 30)
    before = table(time, noisy)
    done = smooth(before)
    for name in ("pose_euler", "pose_r", "pose_t"):
        assert (done[f"{name}_raw"] == before[name]).all()
        assert (done[name] != before[name]).any()
    names = {column.name: column for column in done.schema}
    assert names["pose_t_raw"].flat == ("pose_tx_raw", "pose_ty_raw", "pose_tz_raw")
    assert done["pose_r"] == pytest.approx(
        rotation_vector(rotation_from_euler(done["pose_euler"].astype(float))), abs=1e-5
    )


def test_nothing_passes_a_gap_or_another_person():
    time = np.r_[np.arange(20) / 30, 20 / 30 + GAP + np.arange(20) / 30]
    yaw = np.r_[np.zeros(20), np.ones(20)]
    assert smooth(table(time, yaw))["pose_euler"][:, 1] == pytest.approx(yaw, abs=1e-6)
    both = table(np.repeat(np.arange(30) / 30, 2), np.tile([0.0, 1.0], 30), np.tile([4, 2], 30))
    assert smooth(both)["pose_euler"][:, 1] == pytest.approx(np.tile([0.0, 1.0], 30), abs=1e-6)


def test_rows_without_a_face_stay_missing():
    before = table(times(20), np.zeros(20))
    before["success"][5] = 0
    before["pose_euler"][5] = np.nan
    before["pose_r"][5] = np.nan
    done = smooth(before)
    assert np.isnan(done["pose_euler"][5]).all()
    assert np.isnan(done["pose_r"][5]).all()
    assert np.isfinite(np.delete(done["pose_euler"], 5, axis=0)).all()


def test_an_angle_may_pass_half_a_turn():
    time = np.arange(60) / 30
    angle = np.linspace(2.8, 3.5, 60)
    before = table(time, np.zeros(60))
    before["pose_euler"][:, 2] = (angle + np.pi) % (2 * np.pi) - np.pi
    turned = smooth(before)["pose_euler"][:, 2]
    assert np.cos(turned - angle) == pytest.approx(np.ones(60), abs=1e-6)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_a_stream_equals_the_whole(size: int):
    time = times(150, seed=3)
    yaw = np.random.default_rng(4).normal(0, 0.1, 150)
    whole = table(time, yaw, np.arange(150) % 2)
    parts = [
        FaceTable(SCHEMA, {name: whole[name][i : i + size] for name in whole})
        for i in range(0, 150, size)
    ]
    zero_phase = ZeroPhase(SCHEMA)
    streamed = FaceTable.concat(zero_phase.stream(parts), zero_phase.schema)
    at_once = smooth(whole)
    assert (streamed["frame"] == whole["frame"]).all()
    for name in ("pose_euler", "pose_t", "pose_r"):
        assert streamed[name] == pytest.approx(at_once[name], abs=1e-6)


def test_a_stream_is_late_by_no_more_than_its_reach():
    zero_phase = ZeroPhase(SCHEMA)
    seen = []

    def tables():
        for i in range(40):
            seen.append(i / 30)
            yield table(np.array([i / 30]), np.zeros(1))

    for done in zero_phase.stream(tables()):
        if len(seen) < 40:
            assert seen[-1] - done["time"][-1] <= REACH + 2 / 30


def test_empty_tables_and_single_rows():
    assert len(smooth(table(np.empty(0), np.empty(0)))) == 0
    assert smooth(table(np.array([1.0]), np.array([0.3])))["pose_euler"][0, 1] == pytest.approx(0.3)


def test_one_euro_quiets_rest_and_follows_motion():
    rng = np.random.default_rng(5)
    time = np.arange(300) / 30
    true = np.where(time < 5, 0.0, np.minimum((time - 5) * 1.5, 1.0))
    noisy = true + rng.normal(0, 0.01, 300)
    one_euro = OneEuro(SCHEMA)
    done = np.concatenate(
        [one_euro(table(time[i : i + 1], noisy[i : i + 1]))["pose_euler"][:, 1] for i in range(300)]
    )
    rest = slice(30, 150)
    assert done[rest].std() < 0.6 * noisy[rest].std()
    moving = (time > 5.3) & (time < 5.6)
    assert (true - done)[moving].mean() / 1.5 < 0.05  # s of lag
    assert done[-30:].mean() == pytest.approx(1.0, abs=0.01)


def test_one_euro_starts_anew_after_a_gap():
    one_euro = OneEuro(SCHEMA)
    one_euro(table(np.array([0.0]), np.array([0.0])))
    after = one_euro(table(np.array([1.0]), np.array([0.7])))
    assert after["pose_euler"][0, 1] == pytest.approx(0.7)


def test_nothing_to_smooth_or_smoothed_before():
    with pytest.raises(InputError, match="none of pose_euler"):
        ZeroPhase(FRAME_COLUMNS)
    with pytest.raises(InputError, match="already"):
        ZeroPhase(ZeroPhase(SCHEMA).schema)
