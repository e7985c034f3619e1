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
    rays = (points - [camera.cx, camera.cy]) / [camera.fx, camera.fy]
    shape = context.face_shape[RIGID] @ rotations.swapaxes(1, 2)
    # (X + tx) − x·(Z + tz) = 0 and the same for y: six sums per face, then a 3×3 system.
    count = len(RIGID)
    rhs = rays * shape[:, :, 2:] - shape[:, :, :2]
    system = np.zeros((len(rays), 3, 3))
    system[:, 0, 0] = system[:, 1, 1] = count
    system[:, :2, 2] = system[:, 2, :2] = -rays.sum(1)
    # The small term keeps the system solvable when all points coincide.
    system[:, 2, 2] = (rays**2).sum((1, 2)) + 1e-9
    right = np.concatenate([rhs.sum(1), -(rays * rhs).sum((1, 2))[:, None]], axis=1)
    return np.asarray(np.linalg.solve(system, right[:, :, None])[:, :, 0])


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
