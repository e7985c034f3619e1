"""Where a fit starts: the rotation of a weak-perspective fit."""

from __future__ import annotations

import numpy as np

from prosopon.geometry import Camera, sight_rotation
from prosopon.types import AnyArray


def rotation_from_points(points: AnyArray, weights: AnyArray, shape: AnyArray) -> AnyArray:
    """Apparent rotations (n, 3, 3) of ``shape`` (k, 3) mm seen at ``points`` (n, k, 2) px.

    The affine camera that fits best, its two rows made orthogonal and of one length as in POSIT
    (DeMenthon & Davis, IJCV 1995). weights (n, k).
    """
    shares = weights / weights.sum(1, keepdims=True)
    at = points - (shares[:, :, None] * points).sum(1, keepdims=True)
    about = shape - (shares[:, :, None] * shape).sum(1, keepdims=True)
    weighted = shares[:, :, None] * about
    affine = np.linalg.solve(about.swapaxes(1, 2) @ weighted, weighted.swapaxes(1, 2) @ at)
    u, _, v = np.linalg.svd(affine.swapaxes(1, 2), full_matrices=False)
    rows = u @ v  # the nearest orthonormal pair
    return np.stack([rows[:, 0], rows[:, 1], np.cross(rows[:, 0], rows[:, 1])], axis=1)


def in_camera(apparent: AnyArray, points: AnyArray, camera: Camera) -> AnyArray:
    """Apparent rotations (n, 3, 3) of heads whose landmarks are ``points``, in the camera frame."""
    rays = (points.mean(1) - [camera.cx, camera.cy]) / [camera.fx, camera.fy]
    return sight_rotation(np.concatenate([rays, np.ones((len(rays), 1))], 1)) @ apparent
