"""Blendshapes named as Apple's ARKit names them, in the CSV layout of Live Link Face.

60 rows a second, interpolated between the frames' own times; one file a person. A shape is the
intensity of its action unit over 5, of its own side where the table tells sides; docs/formats.md
lists which. Shapes that no unit tells (``JawForward``, ``JawLeft``, ``JawRight``, ``MouthClose``,
``MouthLeft``, ``MouthRight``, ``MouthShrugUpper``, ``CheekPuff``, ``TongueOut``) are 0. In rows
where the person was not seen, ``BlendShapeCount`` is 0 and the rest is empty.

Rotations are in radians: of the head, yaw positive toward the subject's left, pitch up, roll
clockwise in the image; of the eyes, the same relative to the head. ``EyeLook*`` is 1 at 30°.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prosopon.errors import InputError
from prosopon.geometry import gaze_angles, rotation_from_euler
from prosopon.measures.base import MOST_GAP, Person, people
from prosopon.types import AnyArray, FaceTable
from prosopon.writers.base import write_bytes

RATE = 60
FULL_LOOK = np.deg2rad(30)

SHAPES = (
    *("EyeBlinkLeft", "EyeLookDownLeft", "EyeLookInLeft", "EyeLookOutLeft", "EyeLookUpLeft"),
    *("EyeSquintLeft", "EyeWideLeft"),
    *("EyeBlinkRight", "EyeLookDownRight", "EyeLookInRight", "EyeLookOutRight", "EyeLookUpRight"),
    *("EyeSquintRight", "EyeWideRight"),
    *("JawForward", "JawRight", "JawLeft", "JawOpen"),
    *("MouthClose", "MouthFunnel", "MouthPucker", "MouthRight", "MouthLeft"),
    *("MouthSmileLeft", "MouthSmileRight", "MouthFrownLeft", "MouthFrownRight"),
    *("MouthDimpleLeft", "MouthDimpleRight", "MouthStretchLeft", "MouthStretchRight"),
    *("MouthRollLower", "MouthRollUpper", "MouthShrugLower", "MouthShrugUpper"),
    *("MouthPressLeft", "MouthPressRight", "MouthLowerDownLeft", "MouthLowerDownRight"),
    *("MouthUpperUpLeft", "MouthUpperUpRight", "BrowDownLeft", "BrowDownRight", "BrowInnerUp"),
    *("BrowOuterUpLeft", "BrowOuterUpRight", "CheekPuff", "CheekSquintLeft", "CheekSquintRight"),
    *("NoseSneerLeft", "NoseSneerRight", "TongueOut"),
)
"""The 52 shapes, in the order of Live Link Face's files."""

ROTATIONS = tuple(
    f"{part}{axis}" for part in ("Head", "LeftEye", "RightEye") for axis in ("Yaw", "Pitch", "Roll")
)

UNITS = {
    "EyeSquint": "AU07",
    "EyeWide": "AU05",
    "JawOpen": "AU26",
    "MouthFunnel": "AU22",
    "MouthPucker": "AU18",
    "MouthSmile": "AU12",
    "MouthFrown": "AU15",
    "MouthDimple": "AU14",
    "MouthStretch": "AU20",
    "MouthRollLower": "AU28",
    "MouthRollUpper": "AU28",
    "MouthShrugLower": "AU17",
    "MouthPress": "AU24",
    "MouthLowerDown": "AU25",
    "MouthUpperUp": "AU10",
    "BrowDown": "AU04",
    "BrowInnerUp": "AU01",
    "BrowOuterUp": "AU02",
    "CheekSquint": "AU06",
    "NoseSneer": "AU09",
}
"""Shape, without its side, and the action unit of the same muscles (FACS)."""

_SIDES = (("Left", 1, 1.0), ("Right", 0, -1.0))  # index of the eye; sign of a yaw that is outward


def export(table: FaceTable, base: Path, media: Path | None) -> tuple[Path, ...]:
    """Write ``base.arkit.csv``, or ``base.face0.arkit.csv`` and so on for several people.

    InputError: the table has no action units, or nobody was seen.
    """
    del media
    if "au" not in table:
        raise InputError(f"{base.name}: the table has no action units to make blendshapes of")
    persons = list(people(table))
    if not persons:
        raise InputError(f"{base.name}: nobody was seen, so there are no blendshapes")
    written = []
    for person in persons:
        name = base.name if len(persons) == 1 else f"{base.name}.face{person.face_id}"
        path = base.with_name(f"{name}.arkit.csv")
        write_bytes(path, "".join(_lines(table, person)).encode())
        written.append(path)
    return tuple(written)


def _lines(table: FaceTable, person: Person) -> Iterator[str]:
    names = (*SHAPES, *ROTATIONS)
    yield ",".join(["Timecode", "BlendShapeCount", *names]) + "\n"
    times, values = resampled(person.time, blendshapes(table, person.rows))
    for time, row in zip(times, values, strict=True):
        if np.isnan(row).any():
            yield f"{timecode(time)},0" + "," * len(names) + "\n"
        else:
            cells = ",".join(f"{value:.6f}" for value in row)
            yield f"{timecode(time)},{len(names)},{cells}\n"


def blendshapes(table: FaceTable, rows: AnyArray) -> AnyArray:
    """(n, 61): the shapes, 0–1, then the rotations, rad, of some rows of a table.

    What the table does not tell is 0; a row in which a value is missing has NaN there.
    """
    found: dict[str, AnyArray] = {}
    for shape, unit in UNITS.items():
        for name, values in _sides(table, shape, unit, rows):
            found[name] = values / 5
    if "eye_open" in table:
        for side, eye, _ in _SIDES:
            found[f"EyeBlink{side}"] = 1 - table["eye_open"][rows, eye]
    found |= _looks(table, rows)
    shapes = {name: np.clip(values, 0, 1) for name, values in found.items() if name in SHAPES}
    if "pose_euler" in table:
        pitch, yaw, roll = table["pose_euler"][rows].T
        found |= {"HeadYaw": yaw, "HeadPitch": pitch, "HeadRoll": roll}
    zero = np.zeros(len(rows))
    columns = [(found | shapes).get(name, zero) for name in (*SHAPES, *ROTATIONS)]
    return np.stack(columns, axis=1).astype(float)


def _sides(
    table: FaceTable, shape: str, unit: str, rows: AnyArray
) -> Iterator[tuple[str, AnyArray]]:
    """The names that a shape has, with or without sides, and the unit's intensity for each."""
    whole = {flat: i for i, flat in enumerate(table.au_names)}
    if unit not in whole:
        return
    if shape in SHAPES:
        yield shape, table["au"][rows, whole[unit]]
        return
    for side, _, _ in _SIDES:
        name = f"au_{side.lower()}"
        units = {column.name: column.flat for column in table.schema}.get(name, ())
        own = f"{unit}_{side.lower()}"
        values = (
            table[name][rows, units.index(own)] if own in units else table["au"][rows, whole[unit]]
        )
        yield f"{shape}{side}", values


def _looks(table: FaceTable, rows: AnyArray) -> dict[str, AnyArray]:
    """Where the eyes look relative to the head."""
    if "gaze" not in table or "pose_euler" not in table:
        return {}
    rotation = rotation_from_euler(table["pose_euler"][rows].astype(float))
    vectors = table["gaze"][rows].astype(float) @ rotation
    found = {}
    for side, eye, outward in _SIDES:
        yaw, pitch = gaze_angles(vectors[:, eye]).T
        found[f"{side}EyeYaw"], found[f"{side}EyePitch"] = yaw, pitch
        found[f"EyeLookUp{side}"], found[f"EyeLookDown{side}"] = (
            pitch / FULL_LOOK,
            -pitch / FULL_LOOK,
        )
        found[f"EyeLookOut{side}"] = outward * yaw / FULL_LOOK
        found[f"EyeLookIn{side}"] = -outward * yaw / FULL_LOOK
    return found


def resampled(time: AnyArray, values: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Times of RATE rows a second, and (n, k) values there; NaN in gaps of the (m, k) given."""
    known = ~np.isnan(values).any(axis=1)
    time, values = time[known], values[known]
    if not len(time):
        return np.empty(0), np.empty((0, values.shape[1]))
    ticks = np.arange(np.ceil(time[0] * RATE - 1e-6), np.floor(time[-1] * RATE + 1e-6) + 1)
    at = ticks / RATE
    columns = [np.interp(at, time, column) for column in values.T]
    found = np.stack(columns, axis=1)
    after = np.clip(np.searchsorted(time, at), 0, len(time) - 1)
    before = np.maximum(after - 1, 0)
    gap = (time[after] - time[before] > MOST_GAP) & (time[after] - at > 1e-6)
    found[gap & (at - time[before] > 1e-6)] = np.nan
    return at, found


def timecode(seconds: float) -> str:
    """Hours, minutes, seconds and frames at RATE, with the frame's fraction: 00:00:01:30.000."""
    frames = round(seconds * RATE)
    whole, frame = divmod(frames, RATE)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}:{frame:02d}.000"
