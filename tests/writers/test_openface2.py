"""prosopon.writers.openface2: OpenFace 2.2's columns, digits and signs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas
import pytest

import fakepack
from prosopon.geometry import Camera, euler_from_rotation
from prosopon.heads import load_heads
from prosopon.types import FRAME_COLUMNS, AnyArray, Column, FaceTable
from prosopon.writers import file_suffix, open_writer, write_table
from prosopon.writers.openface2 import COLUMNS, HEAD_MIDDLE, PARTS, Writer, unmeasured

HEADS = load_heads(set(fakepack.OUTPUTS))
SCHEMA = (*FRAME_COLUMNS, *(column for head in HEADS for column in head.columns))

UNITS = "01 02 04 05 06 07 09 10 12 14 15 17 20 23 25 26 45".split()
RULE = (
    "frame face_id timestamp confidence success gaze_0_{x,y,z} gaze_1_{x,y,z} gaze_angle_{x,y} "
    "eye_lmk_{x,y,X,Y,Z}_{0..55} pose_T{x,y,z} pose_R{x,y,z} {x,y,X,Y,Z}_{0..67} "
    "p_scale p_r{x,y,z} p_t{x,y} p_{0..33} "
    f"AU{{{','.join(UNITS)}}}_r AU{{{','.join((*UNITS[:-1], '28', UNITS[-1]))}}}_c"
)


def expand(word: str) -> list[str]:
    """As a shell does with braces."""
    start, brace, rest = word.partition("{")
    if not brace:
        return [word]
    inner, _, end = rest.partition("}")
    first, dots, last = inner.partition("..")
    items = [str(i) for i in range(int(first), int(last) + 1)] if dots else inner.split(",")
    return [start + item + tail for item in items for tail in expand(end)]


def rows(count: int = 1, schema: tuple[Column, ...] = SCHEMA) -> dict[str, AnyArray]:
    """Frontal faces before the camera that look into the lens."""
    data: dict[str, AnyArray] = {column.name: column.empty(count) for column in schema}
    for column in schema:
        if column.dtype.startswith("float"):
            data[column.name][:] = 0
    data["frame"][:] = np.arange(count)
    data["success"][:] = 1
    data["gaze"][:] = (0, 0, -1)
    data["pose_t"][:] = (0, 0, 600) - HEAD_MIDDLE
    return data


def read(data: dict[str, AnyArray], folder: Path) -> pandas.DataFrame:
    return pandas.read_csv(write_table(FaceTable(SCHEMA, data), folder / "a.openface2.csv"))


def turn(axis: str, angle: float) -> AnyArray:
    """Right-handed rotation about an axis of the frame x right, y down, z away."""
    vector = np.array([axis == name for name in "xyz"], float) * angle
    return np.asarray(cv2.Rodrigues(vector)[0])


def rotation(row: pandas.Series) -> AnyArray:
    """R = Rx · Ry · Rz of a row."""
    return turn("x", row["pose_Rx"]) @ turn("y", row["pose_Ry"]) @ turn("z", row["pose_Rz"])


def test_columns_are_those_of_openface_2_2():
    assert list(COLUMNS) == [name for word in RULE.split() for name in expand(word)]
    assert len(COLUMNS) == 714


def test_digits(tmp_path: Path):
    data = rows()
    data["frame"][:], data["time"][:], data["face_id"][:] = 41, 1.36666, 2
    data["confidence"][:] = 0.987
    data["landmarks"][0, 0] = (277.276, 181.19)
    au = next(column for column in SCHEMA if column.name == "au").flat
    data["au"][0, au.index("AU12")] = 2.346
    data["au_presence"][0, au.index("AU12")] = 0.5
    data["au_presence"][0, au.index("AU28")] = 0.499
    path = write_table(FaceTable(SCHEMA, data), tmp_path / "a.openface2.csv")
    header, line = path.read_text().splitlines()
    assert header == ",".join(COLUMNS)
    cells = dict(zip(COLUMNS, line.split(","), strict=True))
    assert line.startswith("42,2,1.367,0.99,1,0.000000,0.000000,-1.000000,0.000000,")
    wanted = {
        "gaze_angle_x": "0.000", "eye_lmk_x_0": "", "pose_Tx": "0.0", "pose_Tz": "600.0",
        "pose_Ry": "0.000", "x_0": "277.3", "y_0": "181.2", "x_67": "0.0", "X_0": "", "p_scale": "",
        "p_33": "", "AU12_r": "2.35", "AU45_r": "0.00", "AU12_c": "1.0", "AU28_c": "0.0",
    }  # fmt: skip
    assert {name: cells[name] for name in wanted} == wanted


def test_what_stays_empty():
    names = [name for word in RULE.split() if word[0] in "e{p" for name in expand(word)]
    measured = {"pose_" + part + axis for part in "TR" for axis in "xyz"}
    measured |= {f"{axis}_{i}" for axis in "xy" for i in range(68)}
    assert unmeasured(SCHEMA) == [name for name in names if name not in measured]


def test_columns_that_the_pack_lacks(tmp_path: Path):
    """Units on another scale are not intensities; gaze needs to know where the head is."""
    own = Column("au", (2,), ("AU01", "AU02"), "0–1", "likeness")
    schema = (*FRAME_COLUMNS, own, *(c for c in SCHEMA if c.name in ("landmarks", "gaze")))
    data = {column.name: column.empty(1) for column in schema} | {
        name: values for name, values in rows().items() if name in ("landmarks", "gaze", "success")
    }
    with open_writer("openface2", tmp_path / "a", schema) as writer:
        writer.write(FaceTable(schema, data))
    (notes,) = writer.notes().values()
    kept = [name for name in COLUMNS if name not in notes]
    assert kept[:5] == ["frame", "face_id", "timestamp", "confidence", "success"]
    assert kept[5:] == [f"{axis}_{i}" for axis in "xy" for i in range(68)]


def test_success_0_is_0_and_a_missing_value_is_empty(tmp_path: Path):
    data = rows(3)
    for column in SCHEMA:
        if column not in FRAME_COLUMNS and column.dtype.startswith("float"):
            data[column.name][1] = np.nan  # no face
    data["face_id"][1] = -1
    data["success"][1:] = 0
    data["confidence"][2], data["landmarks"][2] = 0.12, 50  # a face that may be none
    data["au"][0, 0] = np.nan
    table = read(data, tmp_path)
    assert table[["frame", "face_id", "success"]].to_numpy().tolist() == [
        [1, 0, 1], [2, 0, 0], [3, 0, 0]
    ]  # fmt: skip
    assert table["confidence"].tolist() == [0, 0, 0.12]
    measured = table.drop(columns=unmeasured(SCHEMA)).iloc[1:, 5:]
    assert (measured == 0).to_numpy().all()
    assert table["AU01_r"].isna().tolist() == [True, False, False]
    assert table[unmeasured(SCHEMA)].isna().to_numpy().all()


def test_a_head_that_turns(tmp_path: Path):
    """Up and toward image right are negative, clockwise is positive."""
    data = rows(3)
    data["pose_euler"][:] = np.diag([0.2, 0.3, 0.1])  # pitch up, yaw right, roll clockwise
    table = read(data, tmp_path)
    near = table[["pose_Rx", "pose_Ry", "pose_Rz"]].to_numpy()
    # Turned about the point between the eyes, the middle leaves the optical axis a little.
    np.testing.assert_allclose(near, np.diag([-0.2, -0.3, 0.1]), atol=0.02)


def test_rotation_is_x_times_y_times_z(tmp_path: Path):
    data = rows()
    wanted = turn("x", 0.3) @ turn("y", -0.5) @ turn("z", 0.2)
    data["pose_euler"][:] = euler_from_rotation(wanted[None])
    data["pose_t"][:] = (0, 0, 700) - wanted @ HEAD_MIDDLE
    row = read(data, tmp_path).iloc[0]
    assert row[["pose_Rx", "pose_Ry", "pose_Rz"]].tolist() == [0.3, -0.5, 0.2]
    assert row[["pose_Tx", "pose_Ty", "pose_Tz"]].tolist() == [0, 0, 700]


@pytest.mark.parametrize("place", [(240, 0, 600), (-100, 150, 500), (0, -80, 400)])
def test_a_face_aside_that_looks_into_the_lens(tmp_path: Path, place: tuple[float, ...]):
    data = rows()
    data["pose_t"][:] = np.array(place) - HEAD_MIDDLE
    row = read(data, tmp_path).iloc[0]
    assert row[["pose_Tx", "pose_Ty", "pose_Tz"]].tolist() == list(place)
    to_lens = -np.array(place) / np.linalg.norm(place)
    for eye in "01":
        gaze = row[[f"gaze_{eye}_{axis}" for axis in "xyz"]].to_numpy(float)
        np.testing.assert_allclose(gaze, to_lens, atol=1e-6)
    np.testing.assert_allclose(rotation(row) @ (0, 0, -1), to_lens, atol=1e-3)
    angles = np.arctan2(to_lens[:2], -to_lens[2])
    np.testing.assert_allclose(row[["gaze_angle_x", "gaze_angle_y"]].tolist(), angles, atol=5e-4)


def test_rotation_of_a_head_seen_through_a_pinhole(tmp_path: Path):
    """What a camera shows of a head aside is its rotation relative to the line of sight."""
    truth, place = turn("x", 0.1) @ turn("y", 0.25) @ turn("z", -0.1), np.array([90.0, -50, 700])
    axes = truth * 0.1  # three small steps along the head's axes
    seen = (place + axes.T)[:, :2] / (place + axes.T)[:, 2:] - place[:2] / place[2]
    first, second = (row / np.linalg.norm(row) for row in seen.T)
    apparent = np.stack([first, second, np.cross(first, second)])
    left, _, right = np.linalg.svd(apparent)  # the nearest rotation
    data = rows()
    data["pose_euler"][:] = euler_from_rotation((left @ right)[None])
    data["pose_t"][:] = place - left @ right @ HEAD_MIDDLE
    row = read(data, tmp_path).iloc[0]
    np.testing.assert_allclose(
        row[["pose_Rx", "pose_Ry", "pose_Rz"]].tolist(), (0.1, 0.25, -0.1), atol=0.01
    )


def test_gaze_signs(tmp_path: Path):
    """x from + to − as the subject looks from left to right, y from − to + from up to down."""
    data = rows(4)
    directions = np.array([(0.3, 0, -1), (-0.3, 0, -1), (0, -0.3, -1), (0, 0.3, -1)])
    data["gaze"][:] = (directions / np.hypot(1, 0.3))[:, None]
    table = read(data, tmp_path)
    angle = round(float(np.arctan(0.3)), 3)
    assert table["gaze_angle_x"].tolist() == [angle, -angle, 0, 0]
    assert table["gaze_angle_y"].tolist() == [0, 0, -angle, angle]


def test_eye_0_is_leftmost_in_the_image(tmp_path: Path):
    data = rows()
    data["gaze"][0] = [(0.6, 0, -0.8), (-0.28, 0, -0.96)]  # the subject's right eye, then the left
    row = read(data, tmp_path).iloc[0]
    assert row[["gaze_0_x", "gaze_1_x"]].tolist() == [0.6, -0.28]


def test_more_rows_than_fit_at_once(tmp_path: Path):
    table = read(rows(600), tmp_path)
    assert table["frame"].tolist() == list(range(1, 601))


def test_name_of_the_file(tmp_path: Path):
    assert file_suffix("openface2") == ".openface2.csv"
    table = FaceTable(SCHEMA, rows())
    assert table.write(tmp_path / "a.csv").read_text().startswith("frame,time,")
    assert table.write(tmp_path / "a.OpenFace2.csv").read_text().startswith("frame,face_id,")


@pytest.fixture(scope="module")
def real(shared: Path) -> pandas.DataFrame:
    """A file that OpenFace wrote, of an earlier version with fewer columns."""
    return pandas.read_csv(shared / "media" / "OpenFace_Test.csv", skipinitialspace=True)


@pytest.mark.shared
def test_a_real_file_has_its_columns_in_our_order(real: pandas.DataFrame):
    assert list(real) == [name for name in COLUMNS if name in real]
    assert set(COLUMNS) - set(real) == {
        "face_id", "gaze_angle_x", "gaze_angle_y", *(n for n in COLUMNS if n.startswith("eye_lmk")),
    }  # fmt: skip


@pytest.mark.shared
def test_a_real_file_has_our_conventions(real: pandas.DataFrame):
    """Its 3D points, put back into the head's axes by its pose, hardly move in 100 frames."""
    points = np.stack(
        [real[[f"{axis}_{i}" for i in range(68)]].to_numpy() for axis in "XYZ"], axis=2
    )
    place = real[["pose_Tx", "pose_Ty", "pose_Tz"]].to_numpy()
    rotations = np.stack([rotation(row) for _, row in real.iterrows()])
    head = (points - place[:, None]) @ rotations
    assert head.std(axis=0).mean() < 0.4
    mean = head.mean(axis=0)
    assert mean[36, 0] < -30 < 30 < mean[45, 0]  # the subject's right eye is at image left
    assert mean[27, 1] < -30 < 60 < mean[8, 1]  # y is down
    assert mean[30, 2] < -20 < 40 < mean[[0, 16], 2].min()  # the nose is nearest, the ears behind
    # The middle of the points, between the eyes' corners and the middle of the jaw.
    between = mean[[36, 39, 42, 45]].mean(axis=0)
    np.testing.assert_allclose(-between, HEAD_MIDDLE, atol=5)
    camera = Camera.default(640, 360)
    x = camera.fx * points[:, :, 0] / points[:, :, 2] + camera.cx
    np.testing.assert_allclose(x, real[[f"x_{i}" for i in range(68)]].to_numpy(), atol=0.01)
    # Both eyes turn inward: eye 0 is the one at image left.
    assert (real["gaze_0_x"] > 0).all()
    assert (real["gaze_1_x"] < 0).all()


def test_groups_of_columns_that_were_asked_for(tmp_path: Path):
    with Writer(tmp_path / "a", SCHEMA, ("aus", "pose"), separator=", ") as writer:
        writer.write(FaceTable(SCHEMA, rows()))
    header, line = (tmp_path / "a").read_text().splitlines()
    assert header.split(", ")[:6] == [*COLUMNS[:5], "pose_Tx"]
    assert len(header.split(", ")) == len(line.split(", ")) == 5 + 6 + 17 + 18
    assert line.startswith("1, 0, 0.000, 0.00, 1, 0.0, 0.0, 600.0, ")
    assert writer.notes() == {"openface2_unmeasured": []}


def test_of_a_picture(tmp_path: Path):
    data = rows(2)
    data["face_id"][:], data["confidence"][:] = (0, 1), (0.98765, 0.5)
    with Writer(tmp_path / "a", SCHEMA, ("2Dfp",), picture=True) as writer:
        writer.write(FaceTable(SCHEMA, data))
    table = pandas.read_csv(tmp_path / "a", dtype=str)
    assert list(table) == ["face", "confidence", *(f"{a}_{i}" for a in "xy" for i in range(68))]
    assert table.iloc[:, :3].to_numpy().tolist() == [["0", "0.988", "0.0"], ["1", "0.500", "0.0"]]


def test_flags_of_the_groups():
    assert PARTS == ("gaze", "pose", "2Dfp", "3Dfp", "pdmparams", "aus")


@pytest.mark.parametrize("format", ["openface2", "openface2-spaced"])
def test_read_as_py_feat_does(tmp_path: Path, format: str):
    """Its read_openface: read_csv, names stripped, then columns by name; AU columns as numbers."""
    data = rows(2)
    data["au"][0] = np.nan
    with open_writer(format, tmp_path / "a.csv", SCHEMA) as writer:
        writer.write(FaceTable(SCHEMA, data))
    table = pandas.read_csv(tmp_path / "a.csv", sep=",")
    assert (table.columns[1] == "face_id") is (format == "openface2")
    table.columns = table.columns.str.strip(" ")
    chosen = table[[name for name in COLUMNS if name[:8] not in ("face_id", "eye_lmk_")]]
    assert all(kind.kind in "if" for kind in chosen.dtypes)
    units = chosen.filter(regex="AU.*_r")
    assert units.isna().to_numpy().tolist() == [[True] * 17, [False] * 17]


def test_suffix_of_both_kinds():
    assert file_suffix("openface2-spaced") == file_suffix("openface2") == ".openface2.csv"
