from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from prosopon.errors import InputError
from prosopon.geometry import gaze_angles, sight_rotation
from prosopon.measures.screen import (
    Calibration,
    Screen,
    Target,
    calibrate,
    on_screen,
    read_targets,
)

SCREEN = Screen(520, 320, 260, -10)
NINE = np.array([(x, y) for y in (32.0, 160, 288) for x in (52.0, 260, 468)])


def looking_at(place: tuple[float, float], head: tuple[float, float, float]) -> np.ndarray:
    """Gaze angles relative to the line of sight of a head (mm) that looks at a place (mm)."""
    target = np.array([SCREEN.lens_x - place[0], place[1] - SCREEN.lens_y, 0.0])
    ray = target - head
    ray /= np.linalg.norm(ray)
    return gaze_angles((sight_rotation(np.array([head]))[0].T @ ray)[None])


@pytest.mark.parametrize("head", [(0, 0, 600), (150, -80, 500), (-200, 100, 900)])
@pytest.mark.parametrize("place", [(0, 0), (260, -10), (400, 300)])
def test_the_place_that_is_looked_at(place: tuple[float, float], head: tuple[float, float, float]):
    found = on_screen(looking_at(place, head), np.array([head]), SCREEN)
    np.testing.assert_allclose(found, [place], atol=1e-6)


def test_gaze_that_never_meets_the_screen():
    away = on_screen(np.array([[3.0, 0.0]]), np.array([[0.0, 0, 600]]), SCREEN)
    assert np.isnan(away).all()


def test_calibration_takes_out_what_is_linear():
    def distort(places: np.ndarray) -> np.ndarray:
        return places @ [[0.8, 0.1], [0, 0.6]] + 20

    calibration = Calibration.fit(distort(NINE), NINE, SCREEN)
    assert calibration.error == pytest.approx(0, abs=1e-6)
    others = np.array([(100.0, 100.0), (400.0, 250.0)])
    np.testing.assert_allclose(calibration(distort(others)), others)


def test_few_points_tell_a_shift():
    calibration = Calibration.fit(NINE[:4] * 0.9, NINE[:4], SCREEN)
    moved = calibration(NINE) - NINE
    np.testing.assert_allclose(moved, np.tile((NINE[:4] * 0.1).mean(0), (9, 1)))


def test_a_point_without_weight_has_no_say():
    measured = NINE + 10
    measured[4] += 200
    weights = np.ones(9)
    weights[4] = 0
    np.testing.assert_allclose(Calibration.fit(measured, NINE, SCREEN, weights)(NINE + 10), NINE)


def test_a_calibration_as_json(tmp_path: Path):
    calibration = Calibration.fit(NINE * 0.9, NINE, SCREEN)
    path = tmp_path / "c.json"
    path.write_text(json.dumps(calibration.to_json()))
    again = Calibration.read(path)
    assert again.screen == SCREEN
    np.testing.assert_allclose(again(NINE * 0.9), NINE)
    single = Calibration.fit(NINE[:1], NINE[:1] + 5, SCREEN)
    path.write_text(json.dumps(single.to_json()))
    np.testing.assert_allclose(Calibration.read(path)(NINE), NINE + 5)


@pytest.mark.parametrize("text", ["", "{}", '{"points": 7}', "[1]"])
def test_what_is_no_calibration(text: str, tmp_path: Path):
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(InputError, match=r"c\.json: no calibration of ours"):
        Calibration.read(tmp_path / "c.json")


def test_coefficients_that_are_missing(tmp_path: Path):
    told = Calibration.fit(NINE * 0.9, NINE, SCREEN).to_json()
    (tmp_path / "c.json").write_text(json.dumps(told | {"coefficients": [[1, 2]]}))
    with pytest.raises(InputError, match="coefficients missing"):
        Calibration.read(tmp_path / "c.json")


def test_calibrate_by_medians_of_settled_gaze():
    time = np.arange(0, 9, 0.05)
    targets = [Target(float(i), i + 1.0, x, y) for i, (x, y) in enumerate(NINE)]
    measured = np.repeat(NINE, 20, axis=0) + (10, 20)
    measured[::20] = 1e4  # on the way to each point
    measured[5::20] = np.nan
    sure = np.ones(len(time))
    calibration = calibrate(time, measured, sure, targets, SCREEN)
    assert calibration.points == 9
    np.testing.assert_allclose(calibration(NINE + (10, 20)), NINE)
    with pytest.raises(InputError, match="no face was seen while a point was shown"):
        calibrate(time + 100, measured, sure, targets, SCREEN)


def test_targets_from_a_file(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("start,end,x,y,name\n0,1.5,10,20,a\n")
    assert read_targets(path) == [Target(0, 1.5, 10, 20)]
    path.write_text("start,end,x\n0,1,2\n")
    with pytest.raises(InputError, match="expected columns start, end"):
        read_targets(path)
    with pytest.raises(InputError, match="can't be read"):
        read_targets(tmp_path / "none.csv")


def test_a_screen_from_text():
    assert Screen.parse("520x320", "260,-10") == SCREEN
    assert Screen.parse("520X320") == Screen(520, 320, 260, 0)
    for bad in ("520", "ax2", "0x10", "nanx3", "1x2x3"):
        with pytest.raises(InputError, match="screen"):
            Screen.parse(bad)
    with pytest.raises(InputError, match="expected millimetres"):
        Screen.parse("520x320", "260")
