"""A person who does something: the bent face, its points, its lids, and their labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prosopon.types import AnyArray, FloatArray
from prosopon_train.data.schema import AU_NAMES, AU_SIDED
from prosopon_train.synth.expression import Expression, intensities
from prosopon_train.synth.gaze import follow_with_lids, iris_axis
from prosopon_train.synth.person import Person
from prosopon_train.synth.rig import EYE_SCALE, EYE_SETBACK, SCLERA_RADIUS, Rig
from prosopon_train.synth.texture import brow_edges

_INNER_LIPS = 62, 66
_UPPER_LIDS = (37, 38), (43, 44)
_LOWER_LIDS = (41, 40), (47, 46)


@dataclass(frozen=True, slots=True)
class Posed:
    """A person doing something. vertices (n, 3), points (78, 3) and gaze (2, 3): rig frame."""

    person: Person
    expression: Expression
    vertices: FloatArray
    points: FloatArray
    gaze: FloatArray
    lip_gap: float
    eye_open: FloatArray


def pose(rig: Rig, person: Person, expression: Expression, gaze: FloatArray) -> Posed:
    """Bend the person's face into the expression, with eyes that look along gaze (2, 3)."""
    weights = expression.weights(rig.names)
    resting = person.rest.copy()
    blink = [rig.names["eyeBlink_R"], rig.names["eyeBlink_L"]]
    resting[blink] += person.eyes.lid_droop
    weights[blink] += person.eyes.lid_droop * (1 - weights[blink].clip(0, 1))
    weights += person.rest
    follow_with_lids(weights, gaze, rig.names)
    vertices = _bend(rig, person, np.minimum(weights, 1.8))
    lips = vertices[rig.landmarks[list(_INNER_LIPS)], 1]
    pupils = [
        centre + iris_axis(vector) * (SCLERA_RADIUS * EYE_SCALE) - EYE_SETBACK
        for centre, vector in zip(person.eye_centres, gaze, strict=True)
    ]
    at_rest = _lid_gaps(rig, person, resting)
    return Posed(
        person,
        expression,
        vertices,
        _points(rig, person, vertices, np.array(pupils)),
        gaze,
        float(lips[0] - lips[1]),
        (_lid_gaps(rig, person, weights) / at_rest.clip(0.2)).clip(0, 1).astype(np.float32),
    )


def unit_labels(posed: Posed) -> dict[str, AnyArray]:
    """Intensities 0–5 as the schema has them: au (21,), au_right and au_left (13,)."""
    mean, right, left = intensities(posed.expression, posed.lip_gap)
    return {
        "au": np.array([mean[unit] for unit in AU_NAMES], np.float32),
        "au_right": np.array([right[unit] for unit in AU_SIDED], np.float32),
        "au_left": np.array([left[unit] for unit in AU_SIDED], np.float32),
    }


def _bend(rig: Rig, person: Person, weights: FloatArray) -> FloatArray:
    used = np.flatnonzero(np.abs(weights) > 1e-3)
    moved = weights[used] @ rig.expression[used]
    vertices = np.asarray(person.shape + moved.reshape(-1, 3), np.float32)
    for own, centre in zip(rig.eye_vertices, person.eye_centres, strict=True):
        vertices[own] = centre + (vertices[own] - centre) * EYE_SCALE - EYE_SETBACK
    return vertices


def _points(rig: Rig, person: Person, vertices: FloatArray, pupils: AnyArray) -> FloatArray:
    """The points (78, 3) of the schema; those of the brows lie on the brows as they are drawn."""
    points = vertices[rig.landmarks]
    down = (vertices[rig.below_brows] - points[17:27]) / rig.below_brows_step[:, None]
    upper, lower = brow_edges(person.brows)
    inner_out = np.r_[4:-1:-1, 5:10]  # of 17–26: right brow, then left, inner to outer
    edge = points[17:27][inner_out] + down[inner_out] * np.tile(lower, 2)[:, None]
    points[17:27][inner_out] += down[inner_out] * np.tile(upper, 2)[:, None]
    return np.concatenate([points, pupils, edge[[0, 1, 2, 3, 5, 6, 7, 8]]]).astype(np.float32)


def _lid_gaps(rig: Rig, person: Person, weights: FloatArray) -> FloatArray:
    """Mean height (2,) in cm of the lid openings, subject's right first; negative = overlapping."""
    columns = 3 * rig.landmarks + 1
    height = person.shape[rig.landmarks, 1] + weights @ rig.expression[:, columns]
    pairs = zip(_UPPER_LIDS, _LOWER_LIDS, strict=True)
    return np.array([height[list(u)].mean() - height[list(d)].mean() for u, d in pairs], np.float32)
