"""Boxes, similarity transforms, rotations and the camera model.

Rotations are 3×3 matrices that act on column vectors, in the camera frame (x right, y down,
z forward). A head that faces the camera squarely has the identity rotation: its own axes are
x toward image right (the subject's left), y toward the chin, z toward the back of the head, so
that it looks along −z.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from prosopon.errors import InputError
from prosopon.types import FloatArray

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Camera:
    """Pinhole intrinsics in pixels.

    size: (width, height) of the pictures that they are of, where that is known; distortion: the
    lens's, in OpenCV's order k1 k2 p1 p2 k3 …, empty for a lens without.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    size: tuple[int, int] | None = None
    distortion: tuple[float, ...] = ()

    @classmethod
    def default(cls, width: int, height: int) -> Camera:
        """OpenFace 2's guess for an unknown camera: fx = fy = mean(500·w/640, 500·h/480)."""
        f = (500.0 * width / 640.0 + 500.0 * height / 480.0) / 2.0
        return cls(f, f, width / 2.0, height / 2.0)

    def at(self, width: int, height: int) -> Camera:
        """The same camera for pictures of another size, if it says of what size it is.

        Raises InputError when the sides' ratio differs: then a part of the picture was cut away.
        """
        if self.size is None or self.size == (width, height):
            return self
        x, y = width / self.size[0], height / self.size[1]
        if abs(x / y - 1) > 0.01:
            raise InputError(
                f"the camera was calibrated for pictures of {self.size[0]}×{self.size[1]}, these "
                f"are {width}×{height}: calibrate at their shape, or give --fx --fy --cx --cy"
            )
        return Camera(
            self.fx * x,
            self.fy * y,
            (self.cx + 0.5) * x - 0.5,
            (self.cy + 0.5) * y - 0.5,
            (width, height),
            self.distortion,
        )

    def undistorted(self, points: Floats) -> Floats:
        """Points (n, k, 2) px as a camera without distortion would see them."""
        if not any(self.distortion) or not points.size:
            return points
        matrix = np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1]])
        flat = points.reshape(-1, 1, 2).astype(np.float64)
        moved = cv2.undistortPoints(flat, matrix, np.array(self.distortion), P=matrix)
        return np.asarray(moved.reshape(points.shape))


def iou(a: Floats, b: Floats) -> Floats:
    """Intersection over union of boxes (n, 4) and (m, 4): (n, m)."""
    x0 = np.maximum(a[:, None, 0], b[None, :, 0])
    y0 = np.maximum(a[:, None, 1], b[None, :, 1])
    x1 = np.minimum(a[:, None, 2], b[None, :, 2])
    y1 = np.minimum(a[:, None, 3], b[None, :, 3])
    inter = np.maximum(x1 - x0, 0) * np.maximum(y1 - y0, 0)
    area_a = (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])
    area_b = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    union = area_a[:, None] + area_b[None] - inter
    return np.asarray(inter / np.maximum(union, 1e-9))


def apply_affine(matrices: FloatArray, points: FloatArray) -> FloatArray:
    """Points (n, k, 2) through matrices (n, 2, 3)."""
    return points @ matrices[:, :, :2].swapaxes(1, 2) + matrices[:, None, :, 2]


def invert_similarity(matrices: Floats) -> FloatArray:
    """Inverse of similarity matrices (n, 2, 3)."""
    a, b = matrices[:, 0, 0], matrices[:, 1, 0]
    s = a * a + b * b
    out = np.empty_like(matrices, dtype=np.float32)
    out[:, 0, 0] = out[:, 1, 1] = a / s
    out[:, 0, 1] = b / s
    out[:, 1, 0] = -b / s
    out[:, :, 2] = -(out[:, :, :2] @ matrices[:, :, 2:])[:, :, 0]
    return out


def square_similarity(centers: Floats, sides: Floats, angles: Floats, size: int) -> FloatArray:
    """Similarities that take a square of an image to a size×size crop.

    centers (n, 2) px; sides (n,) px; angles (n,) rad, clockwise in the image positive. Returns
    (n, 2, 3): the square's centre goes to the crop's centre ((size−1)/2, (size−1)/2).
    """
    scale = size / sides
    cos, sin = np.cos(angles) * scale, np.sin(angles) * scale
    out = np.empty((len(centers), 2, 3), dtype=np.float32)
    out[:, 0, 0] = out[:, 1, 1] = cos
    out[:, 0, 1] = sin
    out[:, 1, 0] = -sin
    out[:, :, 2] = (size - 1) / 2 - (out[:, :, :2] @ centers[:, :, None])[:, :, 0]
    return out


def rotation_z(angles: Floats) -> Floats:
    """(n, 3, 3) rotations about the viewing axis; positive is clockwise in the image."""
    out = np.zeros((len(angles), 3, 3), dtype=np.float32)
    out[:, 0, 0] = out[:, 1, 1] = np.cos(angles)
    out[:, 1, 0] = np.sin(angles)
    out[:, 0, 1] = -out[:, 1, 0]
    out[:, 2, 2] = 1
    return out


def rotation_from_6d(values: Floats) -> Floats:
    """(n, 6) → (n, 3, 3): the first two columns, orthonormalised (Zhou et al., CVPR 2019)."""
    a = values[:, :3] / np.linalg.norm(values[:, :3], axis=1, keepdims=True)
    b = values[:, 3:] - (a * values[:, 3:]).sum(1, keepdims=True) * a
    b = b / np.linalg.norm(b, axis=1, keepdims=True)
    return np.stack([a, b, np.cross(a, b)], axis=2)


def euler_from_rotation(rotations: Floats) -> Floats:
    """(n, 3, 3) → (n, 3) pitch, yaw, roll in radians.

    Yaw is positive when the face turns toward image right, pitch when it turns up, roll when it
    is turned clockwise in the image about its own line of sight: R = Ry · Rx · Rz.
    """
    forward = -rotations[:, :, 2]
    yaw = np.arctan2(forward[:, 0], -forward[:, 2])
    pitch = np.arcsin(np.clip(-forward[:, 1], -1, 1))
    return np.stack([pitch, yaw, _roll(rotations, pitch, yaw)], axis=1)


def _roll(rotations: Floats, pitch: Floats, yaw: Floats) -> Floats:
    unrolled = rotation_from_euler(np.stack([pitch, yaw, np.zeros_like(yaw)], axis=1))
    local = unrolled.swapaxes(1, 2) @ rotations
    return np.asarray(np.arctan2(local[:, 1, 0], local[:, 0, 0]))


def rotation_from_euler(euler: Floats) -> Floats:
    """(n, 3) pitch, yaw, roll → (n, 3, 3): the inverse of :func:`euler_from_rotation`."""
    pitch, yaw, roll = euler[:, 0], euler[:, 1], euler[:, 2]
    zero, one = np.zeros_like(yaw), np.ones_like(yaw)
    cy, sy = np.cos(yaw), np.sin(yaw)
    cp, sp = np.cos(pitch), np.sin(pitch)
    cr, sr = np.cos(roll), np.sin(roll)
    ry = np.stack([cy, zero, -sy, zero, one, zero, sy, zero, cy], 1).reshape(-1, 3, 3)
    rx = np.stack([one, zero, zero, zero, cp, sp, zero, -sp, cp], 1).reshape(-1, 3, 3)
    rz = np.stack([cr, -sr, zero, sr, cr, zero, zero, zero, one], 1).reshape(-1, 3, 3)
    return np.asarray(ry @ rx @ rz)


def euler_xyz_from_rotation(rotations: Floats) -> Floats:
    """(n, 3, 3) → (n, 3) rad: the angles of R = Rx · Ry · Rz, as OpenFace 2 has them."""
    return np.stack(
        [
            np.arctan2(-rotations[:, 1, 2], rotations[:, 2, 2]),
            np.arcsin(np.clip(rotations[:, 0, 2], -1, 1)),
            np.arctan2(-rotations[:, 0, 1], rotations[:, 0, 0]),
        ],
        axis=1,
    )


def rotation_from_euler_xyz(angles: Floats) -> Floats:
    """(n, 3) rad → (n, 3, 3): the inverse of :func:`euler_xyz_from_rotation`."""
    zero, one = np.zeros(len(angles)), np.ones(len(angles))
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles).T, np.sin(angles).T
    x = np.stack([one, zero, zero, zero, cx, -sx, zero, sx, cx], axis=1).reshape(-1, 3, 3)
    y = np.stack([cy, zero, sy, zero, one, zero, -sy, zero, cy], axis=1).reshape(-1, 3, 3)
    z = np.stack([cz, -sz, zero, sz, cz, zero, zero, zero, one], axis=1).reshape(-1, 3, 3)
    return np.asarray(x @ y @ z)


def rotation_vector(rotations: Floats) -> Floats:
    """(n, 3, 3) → (n, 3) axis × angle, radians (as ``cv2.Rodrigues``)."""
    skew = np.stack(
        [
            rotations[:, 2, 1] - rotations[:, 1, 2],
            rotations[:, 0, 2] - rotations[:, 2, 0],
            rotations[:, 1, 0] - rotations[:, 0, 1],
        ],
        axis=1,
    )
    cos = np.clip((np.trace(rotations, axis1=1, axis2=2) - 1) / 2, -1, 1)
    angle = np.arccos(cos)
    sin = np.linalg.norm(skew, axis=1) / 2
    scale = np.where(sin > 1e-6, angle / np.maximum(2 * sin, 1e-12), 0.5)
    return np.asarray(skew * scale[:, None])


def rotation_from_vector(vectors: Floats) -> Floats:
    """(n, 3) axis × angle, radians → (n, 3, 3): the inverse of :func:`rotation_vector`."""
    angle = np.linalg.norm(vectors, axis=1)[:, None, None]
    x, y, z = vectors.T
    zero = np.zeros_like(x)
    skew = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], 1).reshape(-1, 3, 3)
    # Their series near 0, where the quotients lose their digits.
    small = np.maximum(angle, 1e-4)
    sine = np.where(angle < 1e-4, 1 - angle**2 / 6, np.sin(small) / small)
    cosine = np.where(angle < 1e-4, 0.5 - angle**2 / 24, (1 - np.cos(small)) / small**2)
    return np.asarray(np.eye(3) + sine * skew + cosine * (skew @ skew))


def sight_rotation(places: Floats) -> Floats:
    """(n, 3) places in the camera frame → (n, 3, 3): the least rotation that takes the optical axis
    to the line of sight to each place. Apparent rotations times it are those in the camera frame.
    """
    x, y, z = (places / np.linalg.norm(places, axis=1, keepdims=True)).T
    xx, xy, yy = (a / (1 + z) for a in (x * x, x * y, y * y))
    return np.stack([1 - xx, -xy, x, -xy, 1 - yy, y, -x, -y, z], axis=1).reshape(-1, 3, 3)


def place_from_points(points: Floats, weights: Floats, turned: Floats, camera: Camera) -> Floats:
    """Translations (n, 3) mm of points ``turned`` (n, k, 3) mm seen at ``points`` (n, k, 2) px.

    (X + tx) − x·(Z + tz) = 0 and the same for y, of weights (n, k): a 3×3 system for each face.
    """
    rays = (points - [camera.cx, camera.cy]) / [camera.fx, camera.fy]
    each = weights[:, :, None]
    off = rays * turned[:, :, 2:] - turned[:, :, :2]
    system = np.zeros((len(points), 3, 3))
    system[:, 0, 0] = system[:, 1, 1] = weights.sum(1)
    system[:, :2, 2] = system[:, 2, :2] = -(each * rays).sum(1)
    # The small term keeps the system solvable when all points coincide.
    system[:, 2, 2] = (each * rays**2).sum((1, 2)) + 1e-9
    right = np.concatenate([(each * off).sum(1), -(each * rays * off).sum((1, 2))[:, None]], axis=1)
    return np.asarray(np.linalg.solve(system, right[:, :, None])[:, :, 0])


def gaze_angles(vectors: Floats) -> Floats:
    """Unit vectors (n, 3) → (n, 2) yaw, pitch in radians; into the lens (0, 0, −1) is (0, 0)."""
    yaw = np.arctan2(vectors[:, 0], -vectors[:, 2])
    pitch = np.arcsin(np.clip(-vectors[:, 1], -1, 1))
    return np.stack([yaw, pitch], axis=1)


def gaze_vectors(angles: Floats) -> Floats:
    """(n, 2) yaw, pitch in radians → unit vectors (n, 3): the inverse of :func:`gaze_angles`."""
    yaw, pitch = angles[:, 0], angles[:, 1]
    ahead = np.cos(pitch)
    return np.stack([np.sin(yaw) * ahead, -np.sin(pitch), -np.cos(yaw) * ahead], axis=1)
