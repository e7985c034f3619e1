from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from prosopon.types import FRAME_COLUMNS, FaceTable, UInt8Array
from prosopon.writers.draw import draw_faces
from tables import face_table


def _drawn(faces: FaceTable, width: int = 320, height: int = 240) -> UInt8Array:
    image = np.full((height, width, 3), 128, np.uint8)
    draw_faces(image, faces)
    return image


def _without(**values: Any) -> FaceTable:
    faces = face_table()
    for name, value in values.items():
        faces.data[name][0] = value
    return faces


def test_box_and_points_are_where_they_are_measured() -> None:
    faces = face_table((60, 40, 180, 200))
    changed = (_drawn(faces) != 128).any(axis=2)
    assert changed[40, 60:180].all()
    assert changed[40:200, 60].all()
    assert not changed[:38].any()
    x, y = faces["landmarks"][0, 8]
    assert _drawn(faces)[round(float(y)) - 1, round(float(x))].tolist() == [255, 255, 255]


def test_gaze_ray_points_to_the_gazed_side() -> None:
    nan = np.nan
    without = {"pose_r": nan, "landmarks": nan, "emotion": nan, "au": nan}
    right = _drawn(_without(**without, gaze=((nan, nan, nan), (1, 0, 0))))
    x, y = (round(float(v)) for v in face_table()["pupils"][0, 1])
    assert (right[y, x + 5 : x + 60] != 128).any(axis=1).all()
    assert (right[y, x - 40 : x - 10] == 128).all()


@pytest.mark.parametrize(
    "values",
    [
        {"success": 0},
        {"box": np.nan},
    ],
)
def test_rows_without_a_face_draw_nothing(values: dict[str, Any]) -> None:
    assert (_drawn(_without(**values)) == 128).all()


@pytest.mark.parametrize(
    "name", ["landmarks", "pupils", "gaze", "pose_r", "emotion", "au", "confidence"]
)
def test_missing_values_are_left_out(name: str) -> None:
    assert (_drawn(_without(**{name: np.nan})) != 128).any()


def test_a_table_of_boxes_alone() -> None:
    full = face_table()
    data = {column.name: full[column.name] for column in FRAME_COLUMNS}
    assert (_drawn(FaceTable(FRAME_COLUMNS, data)) != 128).any()


@pytest.mark.parametrize(
    "box",
    [(-50, -50, 400, 300), (300, 200, 319, 239), (0, 0, 6, 6), (-1e6, -1e6, 1e6, 1e6)],
    ids=["larger", "corner", "tiny", "far"],
)
@pytest.mark.parametrize("size", [(320, 240), (16, 16), (20, 300)])
def test_boxes_and_pictures_of_all_sizes(
    box: tuple[float, float, float, float], size: tuple[int, int]
) -> None:
    assert _drawn(face_table(box), *size).shape == (size[1], size[0], 3)


def test_no_rows() -> None:
    schema = face_table().schema
    assert (_drawn(FaceTable.concat([], schema)) == 128).all()


def test_captions_keep_off_faces_and_each_other() -> None:
    left, right = (60, 80, 120, 160), (140, 80, 200, 160)
    both = FaceTable.concat([face_table(left), face_table(right)], face_table().schema)
    both.data["gaze"][0] = both.data["pose_r"][0] = np.nan  # these may reach the neighbour
    alone = face_table(right)
    x0, y0, x1, y1 = right
    inside = np.s_[y0 + 2 : y1 - 1, x0 + 2 : x1 - 1]
    assert (_drawn(both)[inside] == _drawn(alone)[inside]).all()
