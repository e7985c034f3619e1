"""From a teacher's 478 mesh points to the 78 points that the network learns.

The 68 iBUG points are not vertices of MediaPipe's mesh: a ridge regression says where they lie,
as offsets from a few near vertices, in a frame given by the two eye centres. It is fitted on
photographs that people marked, and only on this; pupils are the mesh's iris centres and the
lower brow edges its own brow vertices.

Every photograph is used twice, the second time mirrored, which halves what 956 inputs can
overfit and makes the map symmetric.

The marks of 300-W lie about one per cent of the face's size to the right of and below what they
mark: their pixel counts start at one, and they were scaled without regard to pixel centres. The
mesh, like a rendered face, is free of that, so the shift is taken out before the fit; a network
that sees mirrored pictures could not learn it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prosopon.crop import CROP_SCALE
from prosopon.geometry import apply_affine, invert_similarity
from prosopon.types import AnyArray, FloatArray

N_MESH = 478
RIGHT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LEFT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
PUPILS = (468, 473)  # subject's right, left
BROWS_LOWER = (55, 65, 52, 53, 285, 295, 282, 283)  # each brow from the inner end outward

# Where each of the 68 points starts from, before the regression moves it.
BASE = (
    *(127, 234, 93, 132, 58, 172, 150, 176, 152, 400, 379, 397, 288, 361, 323, 454, 356),  # jaw
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300),  # brows
    *(168, 197, 5, 4, 75, 97, 2, 326, 305),  # nose
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # outer lips
    *(78, 82, 13, 312, 308, 317, 14, 87),  # inner lips
)

# The point of the mirrored face that takes each point's place, in iBUG order.
MIRROR_68 = np.array(
    list(range(16, -1, -1))
    + list(range(26, 16, -1))
    + list(range(27, 31))
    + list(range(35, 30, -1))
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55]
    + [64, 63, 62, 61, 60, 67, 66, 65]
)


@dataclass(frozen=True, slots=True)
class PointMap:
    """Linear map of the normalised mesh to offsets from BASE.

    mean (956,): the mesh about which the map is linear; weights (956, 136); bias (136,). Units
    are distances between the eye centres.
    """

    mean: FloatArray
    weights: FloatArray
    bias: FloatArray

    def save(self, path: Path) -> None:
        """Write to an ``.npz`` file."""
        np.savez(path, mean=self.mean, weights=self.weights, bias=self.bias)

    @classmethod
    def load(cls, path: Path) -> PointMap:
        """Read what :meth:`save` wrote."""
        with np.load(path) as data:
            return cls(data["mean"], data["weights"], data["bias"])


def eye_frame(mesh: AnyArray) -> FloatArray:
    """(n, 2, 3) similarities from image px to the frame of the eye centres.

    mesh: (n, 478, ≥2) px. The origin is midway between the eyes, the subject's left eye is at
    (½, 0), the right one at (−½, 0).
    """
    right = mesh[:, RIGHT_EYE, :2].mean(1)
    left = mesh[:, LEFT_EYE, :2].mean(1)
    axis = left - right
    squared = (axis**2).sum(1)
    cos, sin = axis[:, 0] / squared, axis[:, 1] / squared
    out = np.empty((len(mesh), 2, 3), np.float32)
    out[:, 0, 0] = out[:, 1, 1] = cos
    out[:, 0, 1] = sin
    out[:, 1, 0] = -sin
    center = (left + right)[:, :, None] / 2
    out[:, :, 2] = -(out[:, :, :2] @ center)[:, :, 0]
    return out


def mirror_order(mesh: AnyArray) -> AnyArray:
    """(n_mesh,) the vertex that takes each vertex's place in a mirrored face.

    mesh: (n, n_mesh, 3) in the eye frame, z on the same scale and 0 between the eyes (depth tells
    apart the rims of the lips, which touch in the image). Found as the nearest vertex of the
    mirrored median face; a vertex whose partner prefers another stands for itself.
    """
    median = np.median(mesh, axis=0)
    distance = np.linalg.norm(median[:, None] - (median * (-1, 1, 1))[None], axis=2)
    order = distance.argmin(1)
    own = np.arange(len(order))
    return np.where(order[order] == own, order, own)


def _with_depth(frame: AnyArray, points: AnyArray, mesh: AnyArray) -> AnyArray:
    depth = mesh[:, :, 2] * np.hypot(frame[:, 0, 0], frame[:, 0, 1])[:, None]
    depth = depth - depth[:, RIGHT_EYE + LEFT_EYE].mean(1, keepdims=True)
    return np.concatenate([points, depth[:, :, None]], axis=2)


def mark_shift(points: AnyArray, target: AnyArray) -> float:
    """How far all marks lie to the right of the mesh, in the eye frame.

    points (n, 478, 2), target (n, 68, 2). A face has no such side, so what the offsets of mirror
    partners have in common is the marks' own; what moves them right moves them down as well.
    """
    offsets = (target - points[:, BASE])[:, :, 0]
    return float(np.median((offsets + offsets[:, MIRROR_68]) / 2))


def mark_offset(mesh: AnyArray, landmarks: AnyArray) -> float:
    """:func:`mark_shift` in sides of the network's crop: a pack's ``landmark_offset``, x and y.

    mesh (n, 478, ≥2) px, landmarks (n, 68, 2) px.
    """
    frame = eye_frame(mesh)
    shift = mark_shift(apply_affine(frame, mesh[:, :, :2]), apply_affine(frame, landmarks))
    sides = crop_sides(landmarks)
    eyes = 1 / np.hypot(frame[:, 0, 0], frame[:, 0, 1])
    return shift * float(np.median(eyes / sides))


def crop_sides(landmarks: AnyArray) -> AnyArray:
    """(n,) px, the sides of the network's crops of upright landmarks (n, 68, 2)."""
    return np.asarray(CROP_SCALE * np.ptp(landmarks, axis=1).max(1))


def fit(mesh: AnyArray, landmarks: AnyArray, ridge: float = 3e-5) -> PointMap:
    """The map fitted on mesh (n, 478, 3) px and landmarks (n, 68, 2) px of the same images.

    ridge: penalty, relative to the number of images, on weights between normalised coordinates.
    """
    frame = eye_frame(mesh)
    points = apply_affine(frame, mesh[:, :, :2])
    target = apply_affine(frame, landmarks)
    target = target - mark_shift(points, target)
    order = mirror_order(_with_depth(frame, points, mesh))
    points = np.concatenate([points, points[:, order] * (-1, 1)])
    target = np.concatenate([target, target[:, MIRROR_68] * (-1, 1)])
    inputs = points.reshape(len(points), -1)
    offsets = (target - points[:, BASE]).reshape(len(points), -1)
    mean, bias = inputs.mean(0), offsets.mean(0)
    centred = inputs - mean
    gram = centred.T @ centred + ridge * len(inputs) * np.eye(inputs.shape[1])
    weights = np.linalg.solve(gram, centred.T @ (offsets - bias))
    return PointMap(mean.astype(np.float32), weights.astype(np.float32), bias.astype(np.float32))


def landmarks_68(point_map: PointMap, mesh: AnyArray) -> FloatArray:
    """(n, 478, ≥2) px → (n, 68, 2) px."""
    frame = eye_frame(mesh)
    points = apply_affine(frame, mesh[:, :, :2])
    inputs = points.reshape(len(points), -1) - point_map.mean
    offsets = (inputs @ point_map.weights + point_map.bias).reshape(-1, 68, 2)
    moved = (points[:, BASE] + offsets).astype(np.float32)
    return apply_affine(invert_similarity(frame), moved).astype(np.float32)


def points_78(point_map: PointMap, mesh: AnyArray) -> FloatArray:
    """(n, 478, ≥2) px → (n, 78, 2) px in the order of ``schema.N_POINTS``."""
    parts = [landmarks_68(point_map, mesh), mesh[:, PUPILS, :2], mesh[:, BROWS_LOWER, :2]]
    return np.concatenate(parts, axis=1).astype(np.float32)


def nme(found: AnyArray, truth: AnyArray) -> FloatArray:
    """(n,) mean error of the 68 points over the distance of the outer eye corners."""
    distance = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=1)
    return np.asarray(np.linalg.norm(found - truth, axis=2).mean(1) / distance, np.float32)


def cross_validate(
    mesh: AnyArray, landmarks: AnyArray, groups: AnyArray, ridge: float = 3e-5
) -> FloatArray:
    """(n,) NME of every image under a map fitted on the images of other groups."""
    out = np.empty(len(mesh), np.float32)
    for group in np.unique(groups):
        held = groups == group
        point_map = fit(mesh[~held], landmarks[~held], ridge)
        out[held] = nme(landmarks_68(point_map, mesh[held]), landmarks[held])
    return out
