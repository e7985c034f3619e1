"""``prosopon measure`` from tables to files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

import prosopon
from prosopon.cli import main
from tracks import track

TIME = np.arange(0, 4, 1 / 25)


def measure(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["measure", *map(str, arguments)])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Somebody half a metre off who blinks once and looks past the lens by 0.1 rad."""
    dip = np.interp(TIME, [2, 2.1, 2.2], [0, 1, 0])
    rows = track(
        TIME,
        eye_open=(0.9 - 0.85 * dip)[:, None],
        gaze_angle=(0.1, 0.0),
        gaze_sigma=0.05,
        gaze_confidence=0.9,
        pose_t=(0, 0, 500),
    )
    return rows.write(tmp_path / "clip.csv")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_events_people_and_values(table: Path, tmp_path: Path):
    result = measure(table, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "1 person, 2 events" in result.stdout
    events = rows(tmp_path / "out" / "clip.events.csv")
    assert [event["kind"] for event in events] == ["eye_contact", "blink"]
    assert float(events[1]["apex"]) == pytest.approx(2.1, abs=0.03)
    (person,) = rows(tmp_path / "out" / "clip.people.csv")
    assert person["face_id"] == "0"
    assert person["blink_count"] == "1"
    values = prosopon.read(tmp_path / "out" / "clip.measures.csv")
    assert len(values) == len(TIME)
    assert values["blink"].sum() > 0
    told = json.loads((tmp_path / "out" / "clip.measures.json").read_text())
    assert told["measures"] == ["blinks", "gaze", "losses"]
    assert told["outputs"] == ["clip.events.csv", "clip.people.csv", "clip.measures.csv"]
    assert len(told["input"]["sha256"]) == 64


def test_some_measures_as_parquet(table: Path, tmp_path: Path):
    result = measure(table, "-o", tmp_path, "--what", "blinks", "--format", "parquet")
    assert result.exit_code == 0, result.output
    assert pq.read_table(tmp_path / "clip.events.parquet")["kind"].to_pylist() == ["blink"]
    assert prosopon.read(tmp_path / "clip.measures.parquet").schema[-1].name == "success"


def test_a_calibration_is_made_and_used_again(table: Path, tmp_path: Path):
    targets = tmp_path / "points.csv"
    targets.write_text("start,end,x,y\n0,1,100,20\n1,2,100,20\n")
    screen = ("--screen", "500x300", "--lens", "250,0")
    result = measure(table, "-o", tmp_path, *screen, "--calibrate", targets)
    assert result.exit_code == 0, result.output
    assert "0 mm off at points left out" in result.stdout
    first = prosopon.read(tmp_path / "clip.measures.csv")["screen"]
    np.testing.assert_allclose(first, np.broadcast_to([100, 20], first.shape), atol=0.11)
    saved = tmp_path / "clip.calibration.json"
    result = measure(table, "-o", tmp_path / "again", "--calibration", saved)
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(
        prosopon.read(tmp_path / "again" / "clip.measures.csv")["screen"], first
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--what", "gait"], "no measure 'gait'"),
        (["--format", "xlsx"], "no format 'xlsx'"),
        (["--screen", "wide"], "expected millimetres"),
        (["--lens", "1,2"], "go with --screen"),
        (["--calibration", "none.json"], "none.json: can't be read"),
        (["--screen", "500x300", "--calibrate", "none.csv"], "Error: none.csv: can't be read"),
    ],
)
def test_wrong_usage(arguments: list[str], words: str, table: Path, tmp_path: Path):
    result = measure(table, "-o", tmp_path / "out", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not (tmp_path / "out").exists()


def test_one_table_that_fails_does_not_stop_the_rest(table: Path, tmp_path: Path):
    result = measure(tmp_path / "none.csv", table, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "none.csv: no such file" in result.stderr
    assert (tmp_path / "out" / "clip.events.csv").is_file()
    result = measure(table, "-o", tmp_path / "out", "--what", "units")
    assert result.exit_code == 1
    assert "clip.csv: measure 'units' needs the column au" in result.stderr
