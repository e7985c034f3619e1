"""OpenFace 2's CSV as a table of ours: the way back of ``prosopon.writers.openface2``.

What is converted, where the file has it:

- ``frame`` counts from 0; FaceLandmarkImg's rows, which have none, are faces of frame 0 at 0 s;
- eye 0, the leftmost in the image, is the subject's right;
- rotation and gaze become relative to the line of sight to the head, whose place ``pose_T*``
  tells; without it they stay as they are, under OpenFace's names;
- ``pose_t`` is the point between the eyes of a head of average size;
- ``AU*_r`` is ``au``; ``AU*_c`` is ``au_presence``, as a probability of 0 or 1;
- ``box`` is drawn around the landmarks, as ours is.

In rows with ``success`` 0, where OpenFace writes zeros or what it saw last, ``face_id`` is −1 and
everything measured is NaN. A column that is empty in every row is left out. All else
(``eye_lmk_*``, ``X_*``, ``p_*``) keeps its values and flat names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from prosopon.crop import face_boxes
from prosopon.errors import InputError
from prosopon.fit.fitter import COLUMNS as FIT_COLUMNS
from prosopon.geometry import (
    euler_from_rotation,
    gaze_angles,
    rotation_from_euler_xyz,
    rotation_vector,
    sight_rotation,
)
from prosopon.heads import HEAD_NAMES, load_head
from prosopon.heads.gaze import both_eyes, head_angles
from prosopon.types import FRAME_COLUMNS, AnyArray, Column, FaceTable
from prosopon.writers.openface2 import HEAD_MIDDLE, numbered

Converted = tuple[Column, AnyArray]

_PLACE = ("pose_Tx", "pose_Ty", "pose_Tz")
_ANGLES = ("pose_Rx", "pose_Ry", "pose_Rz")
_GAZE = tuple(f"gaze_{eye}_{axis}" for eye in "01" for axis in "xyz")


_KEPT = (
    Column("eye_landmarks", (56, 2), numbered("eye_lmk_", "xy", 56), "px",
           "points of the eyes, eye 0 first", decimals=1, planar=True),
    Column("eye_landmarks_3d", (56, 3), numbered("eye_lmk_", "XYZ", 56), "mm",
           "points of the eyes in the camera frame, eye 0 first", decimals=1, planar=True),
    *(column for column in FIT_COLUMNS if column.name == "landmarks_3d"),
    Column("pdm_rigid", (6,), ("p_scale", "p_rx", "p_ry", "p_rz", "p_tx", "p_ty"), "",
           "scale, rotation (rad) and translation (px) of OpenFace's face model", decimals=3),
    Column("pdm_shape", (34,), tuple(f"p_{i}" for i in range(34)), "",
           "modes of OpenFace's face model", decimals=3),
)  # fmt: skip


def is_openface(names: Mapping[str, object]) -> bool:
    """Whether a file with these columns is OpenFace's, of a sequence or of a picture."""
    return {"frame", "timestamp"} <= names.keys() or {"face", "confidence"} <= names.keys()


def from_openface(path: Path, flat: Mapping[str, AnyArray]) -> FaceTable:
    """The table of OpenFace's values: name → (n,) float64.

    InputError: a number of a frame or face is missing, or is not whole.
    """
    left = dict(flat)  # whoever converts values takes them out
    rows = _frame_columns(path, left)
    failed = rows["success"] == 0
    measured = [*_landmarks(left), *_pose_and_gaze(left)]
    measured += [*_units(left, "au", "_r", ""), *_units(left, "au_presence", "_c", "_p")]
    for column in _KEPT:
        if (values := _take(left, column.flat)) is not None:
            measured.append((column, column.unflatten(values)))
    measured += [(Column(n, (), (n,), "", "", "float64", 6), values) for n, values in left.items()]
    schema = [column for column in FRAME_COLUMNS if column.name in rows]
    for column, values in measured:
        if len(failed) and np.isnan(values).all():
            continue
        gap = failed.reshape(-1, *[1] * len(column.shape))
        rows[column.name] = np.where(gap, np.nan, values).astype(column.dtype)
        schema.append(column)
    return FaceTable(schema, rows)


def _frame_columns(path: Path, left: dict[str, AnyArray]) -> dict[str, AnyArray]:
    """Which face of which frame each row is."""
    zero = np.zeros(len(next(iter(left.values()))))
    pictures = "frame" not in left
    frame = zero + 1 if pictures else left.pop("frame")
    success = left.pop("success", zero + 1)
    face = left.pop("face" if pictures else "face_id", zero)
    for name, values in (("frame", frame), ("success", success), ("face_id", face)):
        wrong = ~np.isfinite(values) | (values != np.round(values))
        if wrong.any():
            raise InputError(
                f"{path}: {name!r} should be a whole number in every row; row "
                f"{int(np.argmax(wrong)) + 1} of the table has another or none"
            )
    return {
        "frame": (frame - 1).astype(np.int64),
        "time": left.pop("timestamp", zero),
        "face_id": np.where(success == 0, -1, face).astype(np.int32),
        "success": success.astype(np.int8),
        "confidence": left.pop("confidence", zero + np.nan).astype(np.float32),
    }


def _take(left: dict[str, AnyArray], names: Sequence[str]) -> AnyArray | None:
    """(n, k) values of all ``names``, which are then gone; None when one is missing."""
    if not all(name in left for name in names):
        return None
    return np.stack([left.pop(name) for name in names], axis=1)


def _landmarks(left: dict[str, AnyArray]) -> Iterator[Converted]:
    values = _take(left, numbered("", "xy", 68))
    if values is not None:
        column = _ours("landmarks")
        points = column.unflatten(values).astype(np.float32)
        yield FRAME_COLUMNS[5], face_boxes(points)
        yield column, points


def _pose_and_gaze(left: dict[str, AnyArray]) -> Iterator[Converted]:
    """Relative to the line of sight; nothing where the file doesn't tell it."""
    if not all(name in left for name in (*_PLACE, *_ANGLES)):
        return
    place, angles = _take(left, _PLACE), _take(left, _ANGLES)
    assert place is not None
    assert angles is not None
    # A row of zeros, where nothing was found, has no line of sight.
    nowhere = (place == 0).all(axis=1)
    back = sight_rotation(np.where(nowhere.reshape(-1, 1), (0, 0, 1), place)).swapaxes(1, 2)
    rotation = back @ rotation_from_euler_xyz(angles)
    yield _ours("pose_r"), rotation_vector(rotation)
    yield _ours("pose_euler"), euler_from_rotation(rotation)
    yield _ours("pose_t"), place - rotation @ HEAD_MIDDLE
    gaze = _take(left, _GAZE)
    if gaze is not None:
        vectors = gaze.reshape(-1, 2, 3) @ back.swapaxes(1, 2)
        both = both_eyes(vectors)
        yield _ours("gaze"), vectors
        yield _ours("gaze_angle"), gaze_angles(both)
        yield _ours("gaze_head"), head_angles(both, rotation)
        _take(left, ("gaze_angle_x", "gaze_angle_y"))  # the same in another frame of reference


def _units(left: dict[str, AnyArray], name: str, theirs: str, ours: str) -> Iterator[Converted]:
    """Action units that end in ``theirs`` as our column ``name``."""
    units = [flat for flat in left if flat.startswith("AU") and flat.endswith(theirs)]
    values = _take(left, units) if units else None
    if values is not None:
        like = _ours(name)
        flat = tuple(unit.removesuffix(theirs) + ours for unit in units)
        yield Column(name, (len(flat),), flat, like.unit, like.description), values


@cache
def _ours(name: str) -> Column:
    """A column of our own tables."""
    heads = map(load_head, HEAD_NAMES)
    return next(column for head in heads for column in head.columns if column.name == name)
