"""Head poses and the pinhole camera that sees them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from prosopon.geometry import rotation_from_euler, rotation_z
from prosopon.types import AnyArray, FloatArray

RIG_TO_HEAD = np.diag([1.0, -1.0, -1.0]).astype(np.float32)
_PIVOT = np.array([0, 0, 5], np.float32)  # cm, rig frame: the point on the optical axis


@dataclass(frozen=True, slots=True)
class View:
    """rotation (3, 3) head → camera; upright (3, 3) the rotation of a squared head, which is the
    camera's own roll; distance of the lens in cm; pixels = scale · projected cm + offset."""

    rotation: FloatArray
    upright: FloatArray
    distance: float
    scale: float = 1.0
    offset: tuple[float, float] = (0.0, 0.0)

    @property
    def to_camera(self) -> FloatArray:
        """(3, 3) rig frame → camera frame."""
        return np.asarray(self.rotation @ RIG_TO_HEAD)

    @property
    def lens(self) -> FloatArray:
        """Position (3,) of the lens in the rig frame, cm."""
        return np.asarray(_PIVOT - self.distance * self.to_camera[2])

    def project(self, points: AnyArray) -> FloatArray:
        """Points (n, 3) of the rig frame → pixel x, y and distance along the axis in cm (n, 3)."""
        seen = (points - _PIVOT) @ self.to_camera.T
        depth = self.distance + seen[:, 2]
        zoom = (self.scale * self.distance / depth)[:, None]
        out = np.concatenate(
            [seen[:, :2] * zoom + np.array(self.offset, np.float32), depth[:, None]], 1
        )
        return np.asarray(out, np.float32)

    def turned(self, angle: float) -> View:
        """The same scene with the camera turned so that the picture turns clockwise by angle."""
        turn = rotation_z(np.array([angle]))[0].astype(np.float32)
        return replace(self, rotation=turn @ self.rotation, upright=turn @ self.upright)

    def framed(self, centre: AnyArray, scale: float, size: int) -> View:
        """The view that puts ``centre`` (2,), px of this view, in the middle of size × size px."""
        middle = (size - 1) / 2
        x, y = middle + scale * (np.asarray(self.offset) - centre)
        return replace(self, scale=self.scale * scale, offset=(float(x), float(y)))


def sample_view(rng: np.random.Generator, most_yaw: float = 65.0) -> View:
    """55 % of heads roughly face the camera; the others turn up to ``most_yaw`` degrees."""
    if rng.random() < 0.55:
        yaw, pitch, roll = rng.normal(0, 16), rng.normal(0, 9), rng.normal(0, 6)
    else:
        yaw = rng.uniform(-most_yaw, most_yaw)
        pitch, roll = rng.uniform(-35, 35), rng.normal(0, 11)
    limit = np.array([35, most_yaw, 28])
    euler = np.deg2rad(np.clip([pitch, yaw, roll], -limit, limit))[None]
    distance = float(np.exp(rng.uniform(np.log(35), np.log(250))))
    rotation = rotation_from_euler(euler)[0].astype(np.float32)
    return View(rotation, np.eye(3, dtype=np.float32), distance)
