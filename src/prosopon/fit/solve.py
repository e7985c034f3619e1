"""Fits the point model to landmarks of many faces at once (Levenberg–Marquardt on arrays).

For each face: the rotation and translation of the head in the camera frame and the weights of the
modes that minimise the squared distances between projected and measured landmarks, in units of
their uncertainties, plus the squared weights in units of their spread and, where it is given, the
squared angle to an expected rotation. Every face has its own damping; the number of iterations is
fixed, so that results do not depend on which faces are fitted together.

Normal equations need no Jacobian of the modes: Σ Bᵀ M B over landmarks is linear in the 3×3
matrices M, and its products of modes are known beforehand (:attr:`FaceModel.products`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from prosopon.fit.model import LANDMARKS, FaceModel
from prosopon.geometry import Camera, rotation_from_vector, rotation_vector
from prosopon.types import AnyArray

_LEAST_DEPTH = 50.0  # mm: nothing nearer is in a picture, and no step may go there
_START, _LESS, _MORE = 1e-3, 0.3, 10.0  # Marquardt's damping and what a step changes it by


@dataclass(frozen=True, slots=True)
class Targets:
    """What n faces are fitted to.

    points (n, 68, 2) px, undistorted; sigma (n, 68) px, of each coordinate; base (n, 3, 68) mm,
    what the weights are added to (the mean, or a person's own); prior (n, m) and spread (n, m),
    expected weights and how far they may be off; rotation (n, 3, 3) expected head → camera, and
    rotation_sigma (n,) rad of each axis, infinite where nothing is expected.
    """

    points: AnyArray
    sigma: AnyArray
    base: AnyArray
    prior: AnyArray
    spread: AnyArray
    rotation: AnyArray
    rotation_sigma: AnyArray

    def take(self, rows: AnyArray) -> Targets:
        """Some of the rows: indices or (n,) bool."""
        return Targets(*(getattr(self, name)[rows] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Fit:
    """Rotation (n, 3, 3) head → camera, translation (n, 3) mm, weights (n, m) of the modes."""

    rotation: AnyArray
    translation: AnyArray
    weights: AnyArray

    def take(self, rows: AnyArray) -> Fit:
        """Some of the rows: indices or (n,) bool."""
        return Fit(*(getattr(self, name)[rows] for name in self.__slots__))

    def where(self, chosen: AnyArray, other: Fit) -> Fit:
        """``other`` for the faces that are ``chosen`` (n,), else self."""
        return Fit(
            np.where(chosen[:, None, None], other.rotation, self.rotation),
            np.where(chosen[:, None], other.translation, self.translation),
            np.where(chosen[:, None], other.weights, self.weights),
        )


@dataclass(frozen=True, slots=True)
class System:
    """Normal equations at a fit: cost (n,), gradient (n, 6 + m), matrix (n, 6 + m, 6 + m)."""

    cost: AnyArray
    gradient: AnyArray
    matrix: AnyArray

    def where(self, chosen: AnyArray, other: System) -> System:
        """``other`` for the faces that are ``chosen`` (n,), else self."""
        return System(
            np.where(chosen, other.cost, self.cost),
            np.where(chosen[:, None], other.gradient, self.gradient),
            np.where(chosen[:, None, None], other.matrix, self.matrix),
        )


def solve(
    model: FaceModel, camera: Camera, targets: Targets, start: Fit, iterations: int
) -> tuple[Fit, System]:
    """The best fit that ``iterations`` steps from ``start`` reach, and the equations there."""
    fit = start
    system = normal_equations(model, camera, targets, fit)
    damping = np.full(len(fit.weights), _START)
    diagonal = np.arange(system.matrix.shape[1])
    for _ in range(iterations):
        damped = system.matrix.copy()
        damped[:, diagonal, diagonal] *= 1 + damping[:, None]
        step = -np.linalg.solve(damped, system.gradient[:, :, None])[:, :, 0]
        trial = _moved(fit, step)
        tried = normal_equations(model, camera, targets, trial)
        better = tried.cost < system.cost
        fit, system = fit.where(better, trial), system.where(better, tried)
        damping = np.where(better, damping * _LESS, damping * _MORE)
    return fit, system


def _moved(fit: Fit, step: AnyArray) -> Fit:
    translation = fit.translation + step[:, 3:6]
    translation[:, 2] = np.maximum(translation[:, 2], 0.5 * fit.translation[:, 2])
    return Fit(
        rotation_from_vector(step[:, :3]) @ fit.rotation, translation, fit.weights + step[:, 6:]
    )


def normal_equations(model: FaceModel, camera: Camera, targets: Targets, fit: Fit) -> System:
    """Cost, gradient and Gauss–Newton matrix in the order rotation, translation, weights."""
    n, m = fit.weights.shape
    # Landmarks are the last axis throughout: (n, …, 68).
    shape = targets.base + (fit.weights @ model.flat_modes).reshape(n, 3, LANDMARKS)
    turned = fit.rotation @ shape
    x, y, z = (turned + fit.translation[:, :, None]).swapaxes(0, 1)
    z = np.maximum(z, _LEAST_DEPTH)
    u, v = x / z, y / z
    # Rows of the projection's derivative by the point in the camera frame, over sigma.
    du = np.zeros((n, 3, LANDMARKS))
    dv = np.zeros((n, 3, LANDMARKS))
    du[:, 0] = camera.fx / (z * targets.sigma)
    dv[:, 1] = camera.fy / (z * targets.sigma)
    du[:, 2], dv[:, 2] = -u * du[:, 0], -v * dv[:, 1]
    off_u = (camera.fx * u + camera.cx - targets.points[:, :, 0]) / targets.sigma
    off_v = (camera.fy * v + camera.cy - targets.points[:, :, 1]) / targets.sigma
    # By rotation ω (X → X + ω × RS) and by translation.
    pose_u = np.concatenate([_cross(turned, du), du], 1)  # (n, 6, 68)
    pose_v = np.concatenate([_cross(turned, dv), dv], 1)
    pose = np.concatenate([pose_u, pose_v], 2)  # (n, 6, 136)
    off = np.concatenate([off_u, off_v], 1)
    into_head = fit.rotation.swapaxes(1, 2)
    in_head_u, in_head_v = into_head @ du, into_head @ dv

    matrix = np.empty((n, 6 + m, 6 + m))
    gradient = np.empty((n, 6 + m))
    matrix[:, :6, :6] = pose @ pose.swapaxes(1, 2)
    gradient[:, :6] = (pose @ off[:, :, None])[:, :, 0]
    cross = pose_u[:, :, None] * in_head_u[:, None]  # (n, 6, 3, 68)
    cross += pose_v[:, :, None] * in_head_v[:, None]
    matrix[:, :6, 6:] = (cross.reshape(n * 6, 3 * LANDMARKS) @ model.flat_modes.T).reshape(n, 6, m)
    matrix[:, 6:, :6] = matrix[:, :6, 6:].swapaxes(1, 2)
    matrix[:, 6:, 6:] = (_symmetric(in_head_u, in_head_v) @ model.products).reshape(n, m, m)
    pull = off_u[:, None] * in_head_u + off_v[:, None] * in_head_v
    gradient[:, 6:] = pull.reshape(n, 3 * LANDMARKS) @ model.flat_modes.T
    return _with_priors(System((off**2).sum(1), gradient, matrix), targets, fit)


def _cross(a: AnyArray, b: AnyArray) -> AnyArray:
    """Cross products of vectors along axis 1."""
    out = np.empty_like(a)
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        out[:, i] = a[:, j] * b[:, k] - a[:, k] * b[:, j]
    return out


def _symmetric(a: AnyArray, b: AnyArray) -> AnyArray:
    """(n, 408): entries xx, yy, zz, xy, xz, yz of aaᵀ + bbᵀ at each landmark."""
    out = np.empty((len(a), 6, LANDMARKS))
    for row, (i, j) in enumerate(((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))):
        out[:, row] = a[:, i] * a[:, j] + b[:, i] * b[:, j]
    return out.reshape(len(a), 6 * LANDMARKS)


def _with_priors(system: System, targets: Targets, fit: Fit) -> System:
    m = fit.weights.shape[1]
    modes = np.arange(6, 6 + m)
    trust = 1 / targets.spread**2
    away = fit.weights - targets.prior
    turn = rotation_vector(fit.rotation @ targets.rotation.swapaxes(1, 2))
    firm = 1 / targets.rotation_sigma[:, None] ** 2
    system.matrix[:, modes, modes] += trust
    system.gradient[:, 6:] += trust * away
    system.matrix[:, [0, 1, 2], [0, 1, 2]] += firm
    system.gradient[:, :3] += firm * turn
    return replace(system, cost=system.cost + (trust * away**2).sum(1) + (firm * turn**2).sum(1))
