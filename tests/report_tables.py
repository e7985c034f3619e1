"""A small clip's table for the tests of reports and plots."""

from __future__ import annotations

import numpy as np

from prosopon.types import FaceTable
from tables import SCHEMA, face_table

FPS = 25
BLINK_FRAMES = range(20, 26)
GAP_FRAMES = range(40, 50)


def clip_table(frames: int = 75, people: int = 1) -> FaceTable:
    """Faces at 25 frames a second who blink at frame 20 and are out of sight from 40 to 49.

    Valence rises from −0.5 to 0.5; AU12 is 3 from frame 55 on; the face moves right by 1 px a
    frame. Person 1, if asked for, is person 0, 200 px further right, in the first ten frames.
    """
    one = face_table((40, 40, 160, 180))
    rows = [(f, 0) for f in range(frames)]
    rows += [(f, 1) for f in range(min(frames, 10))] if people > 1 else []
    rows.sort()
    data = {c.name: np.repeat(one[c.name], len(rows), axis=0) for c in SCHEMA}
    index = np.array([frame for frame, _ in rows])
    data["frame"], data["time"] = index, index / FPS
    data["face_id"] = np.array([person for _, person in rows], np.int32)
    moved = index + 200.0 * data["face_id"]
    data["landmarks"][..., 0] += moved[:, None]
    data["pupils"][..., 0] += moved[:, None]
    data["box"][:, [0, 2]] += moved[:, None]
    data["valence"] = np.linspace(-0.5, 0.5, len(rows)).astype(np.float32)
    data["arousal"] = np.zeros(len(rows), np.float32)
    data["quality"] = np.full(len(rows), 0.8, np.float32)
    data["pose_euler"] = np.tile(np.float32([0, np.deg2rad(20), 0]), (len(rows), 1))
    data["gaze_angle"] = np.tile(np.float32([0, np.deg2rad(12)]), (len(rows), 1))
    data["gaze_head"] = np.zeros((len(rows), 2), np.float32)
    data["au"][:] = 0.2
    data["au_right"][:] = data["au_left"][:] = 0.2
    data["au"][index >= 55, 8] = 3.0
    data["au_presence"] = (data["au"] > 1).astype(np.float32)
    data["eye_open"] = np.full((len(rows), 2), 0.95, np.float32)
    closing = np.float32([0.6, 0.2, 0.05, 0.05, 0.2, 0.6])
    for frame, openness in zip(BLINK_FRAMES, closing, strict=True):
        data["eye_open"][index == frame] = openness
    gone = np.isin(index, GAP_FRAMES) & (data["face_id"] == 0)
    data["success"] = np.where(gone, 0, 1).astype(data["success"].dtype)
    data["face_id"][gone] = -1
    for column in SCHEMA:
        if np.dtype(column.dtype).kind == "f" and column.name != "time":
            data[column.name][gone] = np.nan
    return FaceTable(SCHEMA, data)
