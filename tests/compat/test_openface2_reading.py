"""prosopon.compat.openface2.reading: OpenFace's CSV in our conventions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas
import pytest

import prosopon
from prosopon.heads import HEAD_NAMES, load_head
from prosopon.types import FRAME_COLUMNS, FaceTable
from prosopon.writers.openface2 import COLUMNS, Writer
from tables import face_table

SCHEMA = (*FRAME_COLUMNS, *(c for name in HEAD_NAMES for c in load_head(name).columns))


def measured(rows: int = 3) -> FaceTable:
    """Faces aside of the optical axis, turned, looking elsewhere; the last row has none."""
    random = np.random.default_rng(1)
    data = {column.name: column.empty(rows) for column in SCHEMA}
    data["frame"][:], data["time"][:] = np.arange(rows), np.arange(rows) / 25
    data["success"][:-1], data["confidence"][:-1], data["face_id"][-1] = 1, 0.9, -1
    faces = slice(rows - 1)
    data["landmarks"][faces] = face_table()["landmarks"].round(1)
    data["pose_euler"][faces] = random.uniform(-0.4, 0.4, (rows - 1, 3))
    data["pose_t"][faces] = random.uniform((-200, -150, 500), (200, 150, 900), (rows - 1, 3))
    gaze = random.uniform((-0.4, -0.4, -1), (0.4, 0.4, -0.9), (rows - 1, 2, 3))
    data["gaze"][faces] = gaze / np.linalg.norm(gaze, axis=2, keepdims=True)
    data["au"][faces] = random.uniform(0, 5, (rows - 1, data["au"].shape[1])).round(2)
    data["au_presence"][faces] = random.integers(0, 2, (rows - 1, data["au"].shape[1]))
    return FaceTable(SCHEMA, data)


@pytest.mark.parametrize("separator", [",", ", "])
def test_way_there_and_back(tmp_path: Path, separator: str):
    table = measured()
    with Writer(tmp_path / "a.csv", SCHEMA, separator=separator) as writer:
        writer.write(table)
    read = prosopon.read(tmp_path / "a.csv")
    assert read["frame"].tolist() == [0, 1, 2]
    assert read["success"].tolist() == [1, 1, 0]
    assert read["face_id"].tolist() == [0, 0, -1]
    tolerances = {"time": 0, "landmarks": 1e-4, "pose_euler": 2e-3, "pose_t": 0.2, "gaze": 2e-4}
    for name, tolerance in tolerances.items():
        np.testing.assert_allclose(read[name], table[name], atol=tolerance, err_msg=name)
    both = table["gaze"][:2].sum(axis=1)
    np.testing.assert_allclose(
        np.tan(read["gaze_angle"][:2, 0]), -both[:, 0] / both[:, 2], atol=1e-3
    )
    assert len(read.au_names) == 17
    ours = [prosopon_index(table, name) for name in read.au_names]
    np.testing.assert_allclose(read["au"], table["au"][:, ours], atol=1e-6)
    assert np.isnan(read["landmarks"][2]).all()
    assert not {"eye_landmarks", "pdm_shape"} & set(read)  # empty in every row
    assert read["box"][0].tolist() == pytest.approx([60, 40, 180, 185], abs=40)


def prosopon_index(table: FaceTable, name: str) -> int:
    return table.au_names.index(name)


def test_of_a_picture(tmp_path: Path):
    table = measured()
    with Writer(tmp_path / "a.csv", SCHEMA, ("pose", "2Dfp"), picture=True) as writer:
        writer.write(table)
    read = prosopon.read(tmp_path / "a.csv")
    assert read["frame"].tolist() == [0, 0, 0]
    assert read["time"].tolist() == [0, 0, 0]
    np.testing.assert_allclose(read["pose_t"][:2], table["pose_t"][:2], atol=0.2)
    assert "gaze" not in read


def test_gaze_without_a_place_stays_as_it_is(tmp_path: Path):
    with Writer(tmp_path / "a.csv", SCHEMA, ("gaze",)) as writer:
        writer.write(measured())
    read = prosopon.read(tmp_path / "a.csv")
    assert "gaze" not in read
    assert {"gaze_0_x", "gaze_angle_y"} < set(read)


def test_what_openface_measures_and_we_do_not(tmp_path: Path):
    path = tmp_path / "a.csv"
    values = dict.fromkeys(COLUMNS, "1") | {"eye_lmk_y_3": "7.5", "Z_67": "640.2", "p_33": "-2.125"}
    path.write_text(", ".join(values) + "\n" + ", ".join(values.values()) + "\n")
    read = prosopon.read(path)
    assert read["eye_landmarks"][0, 3].tolist() == [1, 7.5]
    assert read["landmarks_3d"][0, 67, 2] == pytest.approx(640.2)
    assert read["pdm_shape"][0, 33] == -2.125
    assert read["pdm_rigid"].shape == (1, 6)


@pytest.mark.shared
def test_a_file_that_openface_wrote(shared: Path):
    read = prosopon.read(shared / "media" / "OpenFace_Test.csv")
    assert len(read) == 100
    assert read["frame"][:2].tolist() == [0, 1]
    # He looks near the lens and holds his head a little down.
    assert np.abs(read["gaze_angle"]).max() < 0.3
    assert (read["pose_euler"][:, 0] < 0).all()
    middle = read["landmarks_3d"][:, 36:48].mean(axis=1)
    np.testing.assert_allclose(read["pose_t"], middle, atol=25)


@pytest.mark.shared
def test_a_file_that_openface_wrote_is_written_again(shared: Path, tmp_path: Path):
    """To the digits of version 2.2; the file is an older one's, with six digits."""
    source = shared / "media" / "OpenFace_Test.csv"
    theirs = pandas.read_csv(source, skipinitialspace=True)
    again = pandas.read_csv(prosopon.read(source).write(tmp_path / "a.openface2.csv"))
    assert list(again) == list(COLUMNS)
    digits = {
        "pose_T": 1,
        "pose_R": 3,
        "gaze": 6,
        "p_": 3,
        "AU": 1,
        "timestamp": 3,
        "confidence": 2,
    }
    for name in theirs:
        places = next((d for start, d in digits.items() if name.startswith(start)), 1)
        np.testing.assert_allclose(
            again[name], theirs[name], atol=0.502 * 10.0**-places, err_msg=name
        )
