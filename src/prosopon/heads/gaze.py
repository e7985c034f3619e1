"""Eye gaze: one unit vector per eye in the camera frame, and its mean as angles.

Like head pose, gaze is told relative to the line of sight to the face: looking into the lens is
(0, 0, −1) and angles (0, 0) wherever the face stands in the picture.
"""

from __future__ import annotations

import numpy as np

from prosopon.geometry import gaze_angles, rotation_z
from prosopon.heads.base import Context, HeadSpec
from prosopon.types import AnyArray, Column


def _decode(context: Context) -> dict[str, AnyArray]:
    raw = context.outputs["gaze"].reshape(-1, 2, 3)
    vectors = raw @ rotation_z(context.angles).swapaxes(1, 2)
    vectors = vectors / np.linalg.norm(vectors, axis=2, keepdims=True)
    both = vectors.sum(1)
    both = both / np.linalg.norm(both, axis=1, keepdims=True)
    in_head = (both[:, None, :] @ context.columns["rotation"])[:, 0]
    return {
        "gaze": vectors.astype(np.float32),
        "gaze_angle": gaze_angles(both).astype(np.float32),
        "gaze_head": gaze_angles(in_head).astype(np.float32),
    }


HEAD = HeadSpec(
    inputs=("points", "points_scale", "rotation", "gaze"),
    columns=(
        Column(
            "gaze",
            (2, 3),
            tuple(f"gaze_{eye}_{axis}" for eye in "rl" for axis in "xyz"),
            "",
            "unit gaze vectors, subject's right eye first; x right, y down, z forward",
        ),
        Column(
            "gaze_angle",
            (2,),
            ("gaze_yaw", "gaze_pitch"),
            "rad",
            "gaze of both eyes; yaw + toward image right, pitch + up, 0 into the lens",
        ),
        Column(
            "gaze_head",
            (2,),
            ("gaze_head_yaw", "gaze_head_pitch"),
            "rad",
            "gaze of both eyes relative to the head; 0 straight ahead",
        ),
    ),
    decode=_decode,
)
