"""From decoded columns to a metric 3D face: the state of one source, and what a row is told.

``docs/geometry.md`` describes the frames, the uncertainties and what each column means.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from prosopon.fit.model import LANDMARKS, FaceModel
from prosopon.fit.people import People, identity_information
from prosopon.fit.solve import Fit, Targets, solve
from prosopon.fit.start import in_camera, rotation_from_points
from prosopon.geometry import (
    Camera,
    euler_from_rotation,
    place_from_points,
    rotation_from_euler,
    rotation_vector,
    sight_rotation,
)
from prosopon.heads.base import Context
from prosopon.heads.gaze import both_eyes, head_angles
from prosopon.heads.landmarks import points_in_image
from prosopon.types import AnyArray, Column

_STEPS, _LEARNING_STEPS, _STEPS_ALONE = 2, 4, 8
# mm by which the model itself may be off at a landmark. People mark the jaw where they see the
# head's outline, which is at no fixed place of the skin; brows are marked by taste.
_MODEL_ERROR = np.r_[np.full(17, 10.0), np.full(10, 2.5), np.full(41, 1.0)]
_ALIKE = 1.5
"""Errors of neighbouring landmarks are alike: as if each were so much larger and they were not."""
_ROTATION_ERROR = 0.7
"""The network's own rotation counts with this share of its stated error, in each axis."""
_LEAST_DISTANCE = 100.0  # mm

COLUMNS = (
    Column(
        "landmarks_3d",
        (LANDMARKS, 3),
        tuple(f"{axis}_{i}" for axis in "XYZ" for i in range(LANDMARKS)),
        "mm",
        "fitted landmarks in the camera frame: x right, y down, z forward",
        decimals=1,
        planar=True,
    ),
    Column(
        "landmarks_stable",
        (LANDMARKS, 2),
        tuple(f"stable_{axis}_{i}" for axis in "xy" for i in range(LANDMARKS)),
        "mm",
        "landmarks as seen from straight ahead, without head motion; 0 between the eyes",
        decimals=2,
        planar=True,
    ),
    Column(
        "eyeballs",
        (2, 3),
        tuple(f"eyeball_{eye}_{axis}" for eye in "rl" for axis in "xyz"),
        "mm",
        "centres of the eyeballs in the camera frame, subject's right eye first",
        decimals=1,
    ),
)


def fit_columns(model: FaceModel) -> tuple[Column, ...]:
    """The columns that a fit adds.

    It also gives ``pose_r``, ``pose_euler``, ``pose_t`` and, with gaze, ``gaze_head`` again.
    """
    names = tuple(f"p_{i}" for i in range(model.count))
    text = f"weights of the face model: {model.identity_modes} of identity, then of expression"
    return (*COLUMNS, Column("shape_modes", (model.count,), names, "mm", text, decimals=3))


class Fitter:
    """Fits faces of one source, whose rows must come in order of time.

    model: of the pack; share: rows of one ``face_id`` are one person, whose identity is learned
    on the way. Pictures that have nothing to do with each other are fitted each on its own.
    """

    def __init__(self, model: FaceModel, share: bool = True) -> None:
        self._model = model
        self._moving = model.expression()
        self._people = People(model.variances[: model.identity_modes]) if share else None

    def __call__(self, context: Context, ids: AnyArray) -> dict[str, AnyArray]:
        """The columns of the fit for n decoded faces of people ``ids`` (n,)."""
        # The points where the picture shows them; ``landmarks`` follow the habits of marks.
        shown = points_in_image(context.outputs["points"], context.to_image, context.crop_size)
        points = context.camera.undistorted(shown[:, :LANDMARKS].astype(float))
        measured = context.columns
        apparent = rotation_from_euler(measured["pose_euler"].astype(float))
        # An expected distance; of a normal distribution in the plane it is 1.25 σ.
        sigma = 0.8 * measured["landmark_sigma"].astype(float)
        stated = np.exp(np.clip(context.outputs["rotation_scale"][:, 0].astype(float), -7, 2))
        error = _ROTATION_ERROR * stated
        columns = self.fit(points, sigma, context.camera, apparent, error, ids)
        if "gaze" in measured:
            turned = rotation_from_euler(columns["pose_euler"].astype(float))
            angles = head_angles(both_eyes(measured["gaze"].astype(float)), turned)
            columns["gaze_head"] = angles.astype(np.float32)
        return columns

    def fit(
        self,
        points: AnyArray,
        sigma: AnyArray,
        camera: Camera,
        apparent: AnyArray,
        rotation_sigma: AnyArray,
        ids: AnyArray,
    ) -> dict[str, AnyArray]:
        """The columns of the fit for n faces.

        points (n, 68, 2) px, undistorted, with errors sigma (n, 68) px in each coordinate;
        apparent (n, 3, 3): expected rotation relative to the line of sight, with its error
        rotation_sigma (n,) rad about each axis; ids (n,): people.
        """
        targets, start = prepare(self._model, camera, points, sigma, apparent)
        targets = replace(targets, rotation_sigma=rotation_sigma)
        if self._people is None:
            fit, _ = solve(self._model, camera, targets, start, _LEARNING_STEPS)
        else:
            fit = self._shared(self._people, ids, camera, targets, start)
        return describe(self._model, fit, points, camera)

    def _shared(
        self, people: People, ids: AnyArray, camera: Camera, targets: Targets, start: Fit
    ) -> Fit:
        model, k = self._model, self._model.identity_modes
        learning = people.learning(ids)
        full, system = solve(
            model, camera, targets.take(learning), start.take(learning), _LEARNING_STEPS
        )
        said = identity_information(system, k)
        identity = people.learn(ids, learning, full.weights[:, :k], said)
        own = model.points(np.pad(identity, ((0, 0), (0, model.count - k))))[:, :LANDMARKS]
        n = len(ids)
        known = replace(
            targets,
            base=np.ascontiguousarray(own.swapaxes(1, 2)),
            prior=np.zeros((n, self._moving.count)),
            spread=targets.spread[:, k:],
        )
        begin = replace(start, weights=np.zeros((n, self._moving.count)))
        fit, _ = solve(self._moving, camera, known, begin, _STEPS)
        return replace(fit, weights=np.concatenate([identity, fit.weights], 1))


def fit_alone(
    model: FaceModel, points: AnyArray, camera: Camera, error: AnyArray
) -> dict[str, AnyArray]:
    """The columns of a fit to landmarks (n, 68, 2) px alone, with errors (68,) mm, each face on its
    own and without anything that a network says."""
    targets, start = prepare(model, camera, points, np.zeros(points.shape[:2]), error=error)
    fit, _ = solve(model, camera, targets, start, _STEPS_ALONE)
    return describe(model, fit, points, camera)


def prepare(
    model: FaceModel,
    camera: Camera,
    points: AnyArray,
    sigma: AnyArray,
    apparent: AnyArray | None = None,
    error: AnyArray = _MODEL_ERROR,
) -> tuple[Targets, Fit]:
    """What to fit and where to start, for landmarks (n, 68, 2) px with errors sigma (n, 68) px.

    apparent (n, 3, 3): rotations to start from, by default those of a weak-perspective fit of the
    average face; error (68,) mm, of the model. No rotation is expected: ``rotation_sigma`` is
    infinite.
    """
    n, average = len(points), model.mean[:LANDMARKS]
    weights = np.broadcast_to(1 / error**2, (n, LANDMARKS))
    if apparent is None:
        apparent = rotation_from_points(points, weights, average)
    rotation = in_camera(apparent, points, camera)
    translation = place_from_points(points, weights, average @ rotation.swapaxes(1, 2), camera)
    translation[:, 2] = np.maximum(translation[:, 2], _LEAST_DISTANCE)
    pixels = camera.fx / translation[:, 2]
    expected = np.hypot(sigma, error * pixels[:, None]) * _ALIKE
    targets = Targets(
        points=points,
        sigma=expected,
        base=np.broadcast_to(average.T, (n, 3, LANDMARKS)),
        prior=np.zeros((n, model.count)),
        spread=np.broadcast_to(np.sqrt(model.variances), (n, model.count)),
        rotation=rotation,
        rotation_sigma=np.full(n, np.inf),
    )
    return targets, Fit(rotation, translation, np.zeros((n, model.count)))


def describe(model: FaceModel, fit: Fit, points: AnyArray, camera: Camera) -> dict[str, AnyArray]:
    """The columns of a fit to landmarks (n, 68, 2) px."""
    shape = model.points(fit.weights)
    placed = shape @ fit.rotation.swapaxes(1, 2) + fit.translation[:, None]
    landmarks, depth = placed[:, :LANDMARKS], placed[:, :LANDMARKS, 2:]
    # What the model does not explain, moved back with the head: at a landmark's own depth.
    seen = (points - [camera.cx, camera.cy]) / [camera.fx, camera.fy] * depth
    left = (seen - landmarks[:, :, :2]) @ fit.rotation[:, :2]
    sight = sight_rotation(landmarks.mean(1))
    apparent = sight.swapaxes(1, 2) @ fit.rotation
    columns = {
        "pose_r": rotation_vector(apparent),
        "pose_euler": euler_from_rotation(apparent),
        "pose_t": fit.translation,
        "landmarks_3d": landmarks,
        "landmarks_stable": (shape[:, :LANDMARKS] + left)[:, :, :2],
        "eyeballs": placed[:, LANDMARKS:],
        "shape_modes": fit.weights,
    }
    return {name: values.astype(np.float32) for name, values in columns.items()}
