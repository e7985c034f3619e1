"""Head pose: rotation as the face appears, and the position of the head.

The rotation is told relative to the line of sight from the camera to the face: 0 is a face that
is turned squarely toward the lens, wherever in the picture it stands. The position fits a mean
face of fixed size to the rigid landmarks by linear least squares, under perspective; its distance
is therefore as right as the person's face is average and the camera's focal length is known.
"""

from __future__ import annotations

import numpy as np

from prosopon.geometry import (
    Floats,
    euler_from_rotation,
    place_from_points,
    rotation_from_6d,
    rotation_vector,
    rotation_z,
)
from prosopon.heads.base import Context, HeadSpec
from prosopon.types import AnyArray, Column

# Eye corners, nose bridge and base: they move with the skull, not with the expression.
RIGID = np.array([27, 28, 29, 30, 31, 33, 35, 36, 39, 42, 45])


def head_rotation(context: Context) -> Floats:
    """(n, 3, 3) head → camera, with the crop's in-plane rotation put back."""
    return rotation_z(context.angles) @ rotation_from_6d(context.outputs["rotation"])


def translation(context: Context, rotations: Floats) -> Floats:
    """(n, 3) mm: where the head's origin (between the eyes' centres, at the bridge) is."""
    camera = context.camera
    points = (context.columns["landmarks"] - context.mark_offset)[:, RIGID]
    points = camera.undistorted(points)
    shape = context.face_shape[RIGID] @ rotations.swapaxes(1, 2)
    return place_from_points(points, np.ones(points.shape[:2]), shape, camera)


def _decode(context: Context) -> dict[str, AnyArray]:
    rotations = head_rotation(context)
    context.columns["rotation"] = rotations
    return {
        "pose_r": rotation_vector(rotations).astype(np.float32),
        "pose_euler": euler_from_rotation(rotations).astype(np.float32),
        "pose_t": translation(context, rotations).astype(np.float32),
    }


HEAD = HeadSpec(
    inputs=("points", "points_scale", "rotation"),
    columns=(
        Column(
            "pose_r",
            (3,),
            ("pose_rx", "pose_ry", "pose_rz"),
            "rad",
            "head rotation as axis × angle; camera frame x right, y down, z forward",
        ),
        Column(
            "pose_euler",
            (3,),
            ("pose_pitch", "pose_yaw", "pose_roll"),
            "rad",
            "pitch + up, yaw + toward image right, roll + clockwise in the image",
        ),
        Column(
            "pose_t",
            (3,),
            ("pose_tx", "pose_ty", "pose_tz"),
            "mm",
            "position of the head in the camera frame, for a face of average size",
            decimals=1,
        ),
    ),
    decode=_decode,
)
