"""OpenFace 2.2's columns of a fitted face, on faces of known geometry."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas
import pytest

import fakepack
from prosopon.fit import fit_alone, fit_columns, load_model
from prosopon.geometry import Camera, rotation_from_euler, sight_rotation
from prosopon.heads import load_heads
from prosopon.packs import load_pack
from prosopon.types import FRAME_COLUMNS, AnyArray, FaceTable
from prosopon.writers import write_table
from prosopon.writers.openface2 import HEAD_MIDDLE
from prosopon.writers.openface2_fit import IRIS_DEPTH, IRIS_RADIUS, PUPIL_RADIUS

CAMERA = Camera(1000.0, 1000.0, 640.0, 360.0)
APPARENT = rotation_from_euler(np.radians([[8.0, -15.0, 5.0]]))
MIDDLE = np.array([[150.0, -60.0, 800.0]])


@pytest.fixture(scope="module")
def fitted() -> FaceTable:
    """An average face with its middle at MIDDLE, turned by APPARENT, that looks into the lens."""
    file = load_pack("default").face_model_file
    assert file is not None
    model = load_model(file.path)
    rotation = sight_rotation(MIDDLE) @ APPARENT
    face = model.mean @ rotation[0].T
    face += MIDDLE - face[:68].mean(0)
    points = face[:68, :2] / face[:68, 2:] * CAMERA.fx + [CAMERA.cx, CAMERA.cy]
    heads = load_heads(set(fakepack.OUTPUTS))
    schema = (*FRAME_COLUMNS, *(c for h in heads for c in h.columns), *fit_columns(model))
    data: dict[str, AnyArray] = {column.name: column.empty(1) for column in schema}
    data |= fit_alone(model, points[None], CAMERA, np.full(68, 1.0))
    data["success"][:] = 1
    data["landmarks"] = points[None].astype(np.float32)
    data["gaze"][:] = (0, 0, -1)
    pupils = face[68:] - IRIS_DEPTH * MIDDLE / np.linalg.norm(MIDDLE)
    data["pupils"] = (pupils[:, :2] / pupils[:, 2:] * 1000 + [640, 360])[None].astype(np.float32)
    return FaceTable(schema, data)


@pytest.fixture(scope="module")
def row(fitted: FaceTable, tmp_path_factory: pytest.TempPathFactory) -> pandas.Series:
    path: Path = tmp_path_factory.mktemp("openface2") / "a.openface2.csv"
    return pandas.read_csv(write_table(fitted, path)).iloc[0]


def points(row: pandas.Series, prefix: str, axes: str, indices: range) -> AnyArray:
    return np.array([[row[f"{prefix}{axis}_{i}"] for axis in axes] for i in indices])


def test_landmarks_in_mm_project_on_those_in_px(row: pandas.Series):
    placed = points(row, "", "XYZ", range(68))
    seen = points(row, "", "xy", range(68))
    assert placed[:, :2] / placed[:, 2:] * 1000 + [640, 360] == pytest.approx(seen, abs=0.3)


def test_the_place_is_the_middle_of_the_points(row: pandas.Series):
    place = row[["pose_Tx", "pose_Ty", "pose_Tz"]].to_numpy(dtype=float)
    assert place == pytest.approx(MIDDLE[0], abs=1.0)
    assert points(row, "", "XYZ", range(68)).mean(0) == pytest.approx(place, abs=0.1)


def test_the_model_is_placed_by_its_weak_perspective(row: pandas.Series):
    assert row["p_scale"] == pytest.approx(1000 / np.linalg.norm(MIDDLE), rel=0.04)
    angles = row[["p_rx", "p_ry", "p_rz"]].to_numpy(dtype=float)
    x, y, z = ((c, s) for c, s in zip(np.cos(angles), np.sin(angles), strict=True))
    rx = np.array([[1, 0, 0], [0, x[0], -x[1]], [0, x[1], x[0]]])
    ry = np.array([[y[0], 0, y[1]], [0, 1, 0], [-y[1], 0, y[0]]])
    rz = np.array([[z[0], -z[1], 0], [z[1], z[0], 0], [0, 0, 1]])
    assert rx @ ry @ rz == pytest.approx(APPARENT[0], abs=5e-3)
    middle = MIDDLE[0, :2] / MIDDLE[0, 2] * 1000 + [640, 360]
    assert row[["p_tx", "p_ty"]].to_numpy(dtype=float) == pytest.approx(middle, abs=4)
    assert np.abs(row[[f"p_{i}" for i in range(34)]].to_numpy(dtype=float)).max() < 1.0


@pytest.mark.parametrize(("eye", "first"), [(0, 36), (1, 42)])
def test_eyes(row: pandas.Series, fitted: FaceTable, eye: int, first: int):
    start = 28 * eye
    rims = points(row, "eye_lmk_", "XYZ", range(start + 8, start + 20))
    assert rims[::2] == pytest.approx(points(row, "", "XYZ", range(first, first + 6)), abs=0.05)
    seen = points(row, "eye_lmk_", "xy", range(start + 8, start + 20))
    assert seen[::2] == pytest.approx(points(row, "", "xy", range(first, first + 6)), abs=0.05)
    for ring, radius in ((range(start, start + 8), IRIS_RADIUS),
                         (range(start + 20, start + 28), PUPIL_RADIUS)):  # fmt: skip
        placed = points(row, "eye_lmk_", "XYZ", ring)
        centre = placed.mean(0)
        assert np.linalg.norm(placed - centre, axis=1) == pytest.approx(np.full(8, radius), abs=0.1)
        offset = centre - fitted["eyeballs"][0, eye]
        assert np.linalg.norm(offset) == pytest.approx(IRIS_DEPTH, abs=0.1)
        # It looks into the lens: from the eye along the line of sight back.
        assert offset / IRIS_DEPTH == pytest.approx(-MIDDLE[0] / np.linalg.norm(MIDDLE), abs=0.02)
        flat = points(row, "eye_lmk_", "xy", ring)
        assert flat.mean(0) == pytest.approx(fitted["pupils"][0, eye], abs=0.2)
        # From the leftmost point clockwise: over the top to the rightmost.
        assert flat[:, 0].argmin() == 0
        assert flat[:, 1].argmin() == 2
        assert flat[:, 0].argmax() == 4


def test_the_middle_of_the_head_is_that_of_the_model():
    file = load_pack("default").face_model_file
    assert file is not None
    assert load_model(file.path).mean[:68].mean(0) == pytest.approx(HEAD_MIDDLE, abs=3)
