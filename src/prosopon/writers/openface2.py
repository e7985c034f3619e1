"""The table of OpenFace 2.2's FeatureExtraction: 714 columns, in its order, digits and signs.

What differs from our own columns (Baltrušaitis et al., FG 2018, and OpenFace's page on its output):

- frames count from 1; eye 0 is the leftmost in the image, the subject's right;
- rotation and gaze are told in the camera's axes (x right, y down, z away), while ours are told
  relative to the line of sight: here a face off the picture's centre that looks into the lens has
  the angles of the way to the lens;
- R = Rx · Ry · Rz, so that ``pose_Rx`` is positive when the face turns down, ``pose_Ry`` when it
  turns toward image left and ``pose_Rz`` when it is turned clockwise in the image;
- ``gaze_angle_x`` is positive toward image right, the subject's left, ``gaze_angle_y`` downward;
- ``pose_T*`` is the place of the middle of the 68 points, not of the point between the eyes;
- a row with ``success`` 0 has 0 in every column that is measured, and ``face_id`` 0 for no face.

``AU*_r`` is our intensity; ``AU*_c`` is 1 where the probability of the unit is 0.5 or more. A
column that is not measured is empty in every row and named in the sidecar.

FaceLandmarkImg writes ``face, confidence`` in place of the first five columns; with flags, both
programs write only the groups of columns that were asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prosopon.geometry import (
    Floats,
    euler_xyz_from_rotation,
    rotation_from_euler,
    sight_rotation,
)
from prosopon.types import AnyArray, Column, FaceTable
from prosopon.writers import openface2_fit as fitted
from prosopon.writers.base import TableWriter

PRESENT = 0.5
"""Least probability of a unit for its ``_c`` to be 1."""

HEAD_MIDDLE = np.array([0.0, 36.0, -5.0])
"""Mean of the 68 points of an average face, mm from between its eyes, in the head's axes."""

_INTENSITIES = tuple(
    f"AU{n:02d}" for n in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
)
_PRESENCES = (*_INTENSITIES[:-1], "AU28", "AU45")
_READ_EYES = ("eye_landmarks", "eye_landmarks_3d")
_ROWS_AT_ONCE = 256
_BARE = re.compile(r"(?<=,) (?=[,\n])")

_Values = Callable[[FaceTable], AnyArray]


@dataclass(frozen=True, slots=True)
class _Group:
    """Neighbouring columns: digits after the point, and their (n, k) values if measured.

    flag: of PARTS, what OpenFace's commands call the group, or "" for what they always write;
    such values are written as they are in a row with ``success`` 0, all others as 0.
    """

    flag: str
    names: tuple[str, ...]
    decimals: int
    values: _Values | None


def numbered(prefix: str, axes: str, count: int) -> tuple[str, ...]:
    """Names of ``count`` points as OpenFace orders them: all x, then all y."""
    return tuple(f"{prefix}{axis}_{i}" for axis in axes for i in range(count))


def layout(schema: Sequence[Column]) -> tuple[_Group, ...]:
    """All 714 columns in order, those that rows of ``schema`` can fill with their values."""
    columns = {column.name: column for column in schema}

    def given(values: _Values, *names: str) -> _Values | None:
        return values if all(name in columns for name in names) else None

    def units(name: str, unit: str, ending: str) -> tuple[str, ...]:
        """Action units that a column tells on our scale; another pack may have its own."""
        column = columns.get(name)
        if column is None or column.unit != unit:
            return ()
        return tuple(flat.removesuffix(ending) for flat in column.flat)

    intensities, presences = units("au", "0–5", ""), units("au_presence", "0–1", "_p")
    pose = ("pose_euler", "pose_t")
    fit = (*pose, "landmarks", "landmarks_3d", "eyeballs", "pupils", "shape_modes")
    modes = columns["shape_modes"].shape if "shape_modes" in columns else ()
    return (
        _Group("", ("frame",), 0, given(lambda t: t["frame"] + 1, "frame")),
        _Group("", ("face_id",), 0, given(lambda t: np.maximum(t["face_id"], 0), "face_id")),
        _Group("", ("timestamp",), 3, given(lambda t: t["time"], "time")),
        _Group("", ("confidence",), 2, given(lambda t: t["confidence"], "confidence")),
        _Group("", ("success",), 0, given(lambda t: t["success"], "success")),
        _Group(
            "gaze",
            tuple(f"gaze_{eye}_{axis}" for eye in "01" for axis in "xyz"),
            6,
            given(_gaze, "gaze", *pose),
        ),
        _Group("gaze", ("gaze_angle_x", "gaze_angle_y"), 3, given(_gaze_angle, "gaze", *pose)),
        _Group(
            "gaze",
            numbered("eye_lmk_", "xyXYZ", 56),
            1,
            given(_eyes, *fit, "gaze") or given(_read_eyes, *_READ_EYES),
        ),
        _Group("pose", ("pose_Tx", "pose_Ty", "pose_Tz"), 1, given(_head_middle, *pose)),
        _Group("pose", ("pose_Rx", "pose_Ry", "pose_Rz"), 3, given(_pose_angles, *pose)),
        _Group("2Dfp", numbered("", "xy", 68), 1, given(_points, "landmarks")),
        _Group("3Dfp", numbered("", "XYZ", 68), 1, given(fitted.points_3d, "landmarks_3d")),
        _Group(
            "pdmparams",
            ("p_scale", "p_rx", "p_ry", "p_rz", "p_tx", "p_ty"),
            3,
            given(lambda t: fitted.weak_perspective(t, HEAD_MIDDLE), *fit)
            or given(lambda t: t["pdm_rigid"], "pdm_rigid"),
        ),
        _Group(
            "pdmparams",
            tuple(f"p_{i}" for i in range(34)),
            3,
            (lambda t: t["shape_modes"])
            if modes == (34,)
            else given(lambda t: t["pdm_shape"], "pdm_shape"),
        ),
        *(_Group("aus", (f"{u}_r",), 2, _intensity(u, intensities)) for u in _INTENSITIES),
        *(_Group("aus", (f"{u}_c",), 1, _presence(u, presences)) for u in _PRESENCES),
    )


def _gaze(table: FaceTable) -> AnyArray:
    return _camera_gaze(table).reshape(-1, 6)


def _gaze_angle(table: FaceTable) -> AnyArray:
    mean = _camera_gaze(table).mean(axis=1)
    return np.asarray(np.arctan2(mean[:, :2], -mean[:, 2:]))


def _camera_gaze(table: FaceTable) -> Floats:
    """(n, 2, 3) unit vectors in the camera's axes."""
    return np.asarray(table["gaze"] @ sight_rotation(_head_middle(table)).swapaxes(1, 2))


def _eyes(table: FaceTable) -> AnyArray:
    return fitted.eyes(table, _camera_gaze(table))


def _read_eyes(table: FaceTable) -> AnyArray:
    """As they were read from a file of OpenFace."""
    parts = [table[name].swapaxes(1, 2).reshape(len(table), -1) for name in _READ_EYES]
    return np.concatenate(parts, axis=1)


def _head_middle(table: FaceTable) -> Floats:
    """(n, 3) mm. Without a fit, the position was found under the rotation as it appears."""
    if "eyeballs" in table:  # and not where landmarks were read from a file of OpenFace
        return np.asarray(table["landmarks_3d"].astype(float).mean(axis=1))
    apparent = rotation_from_euler(table["pose_euler"].astype(float))
    return np.asarray(table["pose_t"] + apparent @ HEAD_MIDDLE)


def _pose_angles(table: FaceTable) -> AnyArray:
    """(n, 3) rad: the angles of R = Rx · Ry · Rz, head to camera axes."""
    apparent = rotation_from_euler(table["pose_euler"].astype(float))
    rotation = sight_rotation(_head_middle(table)) @ apparent
    return euler_xyz_from_rotation(rotation)


def _points(table: FaceTable) -> AnyArray:
    return table["landmarks"].swapaxes(1, 2).reshape(len(table), -1)


def _intensity(unit: str, units: tuple[str, ...]) -> _Values | None:
    if unit not in units:
        return None
    i = units.index(unit)
    return lambda table: table["au"][:, i]


def _presence(unit: str, units: tuple[str, ...]) -> _Values | None:
    if unit not in units:
        return None
    i = units.index(unit)

    def present(table: FaceTable) -> AnyArray:
        likely = table["au_presence"][:, i]
        return np.where(np.isnan(likely), np.nan, likely >= PRESENT)

    return present


COLUMNS = tuple(name for group in layout(()) for name in group.names)
"""Names of OpenFace 2.2's columns, in order."""

PARTS = tuple(dict.fromkeys(group.flag for group in layout(()) if group.flag))
"""The flags by which OpenFace's commands are asked for columns."""


def unmeasured(schema: Sequence[Column]) -> list[str]:
    """Names of the columns that stay empty for tables of ``schema``, in order."""
    return _empty(layout(schema))


def _empty(groups: Iterable[_Group]) -> list[str]:
    return [name for group in groups if group.values is None for name in group.names]


class Writer(TableWriter):
    """Rows of OpenFace 2.2's table; the sidecar gets the names of the empty columns.

    parts: of PARTS, the groups of columns to write; picture: as FaceLandmarkImg does, with the
    columns ``face, confidence`` for the first five; separator: between cells, "," or, as versions
    up to 2.1 have it, ", ".
    """

    def __init__(
        self,
        path: Path,
        schema: Sequence[Column],
        parts: Collection[str] = PARTS,
        *,
        picture: bool = False,
        separator: str = ",",
    ) -> None:
        self._separator = separator
        groups = [group for group in layout(schema) if group.flag in parts or not group.flag]
        if picture:
            face, sure = (groups[i].values for i in (1, 3))
            groups[:5] = _Group("", ("face",), 0, face), _Group("", ("confidence",), 3, sure)
        self._groups = groups
        super().__init__(path, schema)

    def notes(self) -> dict[str, object]:
        """``openface2_unmeasured``: names of the columns that are empty, see :func:`unmeasured`."""
        return {"openface2_unmeasured": _empty(self._groups)}

    def _begin(self) -> None:
        self._measured = [
            (group, group.values) for group in self._groups if group.values is not None
        ]
        cells = (
            "" if group.values is None else f"%.{group.decimals}f"
            for group in self._groups
            for _ in group.names
        )
        self._line = self._separator.join(cells) + "\n"
        names = (name for group in self._groups for name in group.names)
        self._file.write((self._separator.join(names) + "\n").encode())

    def _append(self, table: FaceTable) -> None:
        for start in range(0, len(table), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            values = self._values(table.take(rows))
            text = (self._line * len(values)) % tuple(values.ravel().tolist())
            text = text.replace("nan", "")
            if self._separator != ",":  # an empty cell is empty, and not a space
                text = _BARE.sub("", text)
            self._file.write(text.encode())

    def _end(self) -> None:
        self._file.flush()

    def _values(self, table: FaceTable) -> AnyArray:
        """(n, measured columns) float, in order."""
        failed = table["success"] == 0 if "success" in table else np.zeros(len(table), bool)
        parts = []
        for group, values in self._measured:
            part = np.asarray(values(table), dtype=float).reshape(len(table), -1)
            parts.append(part if not group.flag else np.where(failed[:, None], 0.0, part))
        return np.concatenate(parts, axis=1)
