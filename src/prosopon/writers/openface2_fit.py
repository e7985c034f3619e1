"""OpenFace 2.2's columns that need a metric fit: 3D points, its face model's parameters, eyes.

``p_scale`` px per mm, ``p_r*`` and ``p_t*`` px place our face model in the picture under weak
perspective, as OpenFace's do with its own; ``p_r*`` is therefore the rotation as it appears.
``p_0`` … ``p_33`` are weights of *our* modes, in mm like OpenFace's, but other modes.

The 28 points of an eye are, as OpenFace groups them, a ring of 8 on the edge of the iris, 12
around the lids and a ring of 8 on the edge of the pupil; each goes clockwise in the image from its
leftmost point. OpenFace finds them one by one; here the lids are the six landmarks and points
half-way between, and the rings lie about the pupil that was measured, on an eyeball of average size
that looks where the gaze does.
"""

from __future__ import annotations

import numpy as np

from prosopon.geometry import (
    Floats,
    euler_xyz_from_rotation,
    rotation_from_euler,
    sight_rotation,
)
from prosopon.types import AnyArray, FaceTable

IRIS_DEPTH, IRIS_RADIUS, PUPIL_RADIUS = 10.5, 5.9, 2.0
"""mm: from the eyeball's centre to the plane of the iris; of adults' irises; of a pupil indoors."""

_ANGLES = np.pi + np.arange(8) * np.pi / 4  # y points down: from the left over the top
_EYES = (range(36, 42), range(42, 48))


def _half_way() -> AnyArray:
    """(12, 6): the six landmarks of an eye, each followed by the point half-way to the next."""
    out = np.zeros((12, 6))
    out[np.arange(0, 12, 2), np.arange(6)] = 1
    for lid in ((0, 1, 2, 3), (3, 4, 5, 0)):
        for i in range(3):
            # Catmull–Rom, the ends doubled.
            near = [lid[max(i - 1, 0)], lid[i], lid[i + 1], lid[min(i + 2, 3)]]
            np.add.at(out[2 * lid[i] + 1], near, np.array([-1, 9, 9, -1]) / 16)
    return out


_LIDS = _half_way()


def points_3d(table: FaceTable) -> AnyArray:
    """(n, 204) mm: X, Y, Z of the 68 landmarks."""
    return np.asarray(table["landmarks_3d"].swapaxes(1, 2).reshape(len(table), -1))


def weak_perspective(table: FaceTable, middle: AnyArray) -> AnyArray:
    """(n, 6): scale in px per mm, angles of Rx · Ry · Rz in rad, and x, y px of ``middle`` (3,) mm,
    a point of the head."""
    apparent = rotation_from_euler(table["pose_euler"].astype(float))
    turned = table["landmarks_3d"].astype(float) @ sight_rotation(_centre(table))
    seen = table["landmarks"].astype(float)
    origin = table["pose_t"][:, None] @ sight_rotation(_centre(table))
    about = turned - turned.mean(1, keepdims=True)
    off = seen - seen.mean(1, keepdims=True)
    scale = (about[:, :, :2] * off).sum((1, 2)) / (about[:, :, :2] ** 2).sum((1, 2))
    centre = origin[:, 0] + apparent @ middle - turned.mean(1)
    place = seen.mean(1) + scale[:, None] * centre[:, :2]
    return np.concatenate([scale[:, None], euler_xyz_from_rotation(apparent), place], 1)


def eyes(table: FaceTable, gaze: Floats) -> AnyArray:
    """(n, 280): x, y px and X, Y, Z mm of the 56 points of both eyes, the leftmost eye first.

    gaze (n, 2, 3): unit vectors in the camera's axes.
    """
    seen, placed = [], []
    scale = weak_perspective(table, np.zeros(3))[:, 0]
    for eye, lids in enumerate(_EYES):
        looking = gaze[:, eye]
        centre = table["eyeballs"][:, eye] + IRIS_DEPTH * looking
        iris, pupil = (_ring(looking, r) for r in (IRIS_RADIUS, PUPIL_RADIUS))
        rims = [_LIDS @ table[name][:, list(lids)] for name in ("landmarks", "landmarks_3d")]
        middle = table["pupils"][:, eye, None]
        flat = [middle + scale[:, None, None] * ring[:, :, :2] for ring in (iris, pupil)]
        seen += [flat[0], rims[0], flat[1]]
        placed += [centre[:, None] + iris, rims[1], centre[:, None] + pupil]
    planes = [np.concatenate(parts, 1).swapaxes(1, 2) for parts in (seen, placed)]
    return np.concatenate(planes, 1).reshape(len(table), -1)


def _centre(table: FaceTable) -> AnyArray:
    return np.asarray(table["landmarks_3d"].astype(float).mean(1))


def _ring(axis: Floats, radius: float) -> Floats:
    """(n, 8, 3) mm: a circle about the origin, square to ``axis`` (n, 3)."""
    down = np.array([0.0, 1.0, 0.0]) - axis * axis[:, 1:2]
    down /= np.linalg.norm(down, axis=1, keepdims=True)
    right = np.cross(axis, down)
    right *= np.sign(right[:, :1])
    cosine, sine = np.cos(_ANGLES)[:, None], np.sin(_ANGLES)[:, None]
    return np.asarray(radius * (cosine * right[:, None] + sine * down[:, None]))
