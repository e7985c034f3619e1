"""What is asked of measured faces beside their labels: one figure a task.

Faces are mappings from names to arrays of as many rows: measured by ``prosopon_eval.crops``, labels
as in ``prosopon_train.data.schema``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from prosopon.types import AnyArray
from prosopon_eval.crops import Faces
from prosopon_eval.metrics import (
    angular_error,
    failure_rate,
    icc31,
    normalised_mean_error,
    rotation_error,
)
from prosopon_eval.protocols import landmarks68
from prosopon_eval.protocols.synthetic import OPEN

MARKED = "landmarks68_research.parquet"
FACES, RATED, RENDERED = "faces_test", "ferplus_test", "synth_test"
LABELS = ("points", "rotation", "gaze", "eye_open", "au", "emotion", "affect")


@dataclass(frozen=True, slots=True)
class Task:
    """One figure, ↓ where lower is better, ↑ where higher.

    data: the sets that have labels for it; column: what must have been measured;
    rows(measured, labels) gives (n, k), NaN where a row says nothing.
    """

    name: str
    unit: str
    data: tuple[str, ...]
    column: str
    rows: Callable[[Faces, Faces], AnyArray]
    statistic: Callable[[AnyArray], float]


def _mean(rows: AnyArray) -> float:
    return float(rows.mean())


def _points(measured: Faces, labels: Faces) -> AnyArray:
    pair = measured["points"][:, :68], labels["points"][:, :68]
    return 100 * normalised_mean_error(*pair)[:, None]


def _rotation(measured: Faces, labels: Faces) -> AnyArray:
    return rotation_error(measured["rotation"], labels["rotation"])[:, None]


def _gaze(measured: Faces, labels: Faces) -> AnyArray:
    errors = angular_error(measured["gaze"], labels["gaze"]).mean(1)
    # Under a shut lid there is no gaze to be seen.
    return np.where((labels["eye_open"] > OPEN).all(1), errors, np.nan)[:, None]


def _lids(measured: Faces, labels: Faces) -> AnyArray:
    return np.asarray(np.abs(measured["eye_open"] - labels["eye_open"]).mean(1, keepdims=True))


def _units(measured: Faces, labels: Faces) -> AnyArray:
    """Measured, then labelled intensities of the units that vary."""
    varied = np.ptp(labels["au"], axis=0) > 0
    return np.concatenate([measured["au"][:, varied], labels["au"][:, varied]], axis=1)


def _agreement(rows: AnyArray) -> float:
    measured, labels = np.split(rows.astype(np.float64), 2, axis=1)
    return float(np.mean([icc31(*pair) for pair in zip(measured.T, labels.T, strict=True)]))


def _deviation(rows: AnyArray) -> float:
    measured, labels = np.split(rows, 2, axis=1)
    return float(np.abs(measured - labels).mean())


def _emotion(measured: Faces, labels: Faces) -> AnyArray:
    """Measured probabilities, then shares of the votes."""
    return np.concatenate([measured["emotion"], labels["emotion"]], axis=1)


def _accuracy(rows: AnyArray) -> float:
    measured, votes = np.split(rows, 2, axis=1)
    return 100 * float((measured.argmax(1) == votes.argmax(1)).mean())


def _cross_entropy(rows: AnyArray) -> float:
    measured, votes = np.split(rows, 2, axis=1)
    return float(-(votes * np.log(np.maximum(measured, 1e-9))).sum(1).mean())


def _affect(measured: Faces, labels: Faces) -> AnyArray:
    told = np.stack([measured["valence"], measured["arousal"]], axis=1)
    return np.concatenate([told, labels["affect"]], axis=1)


TASKS = (
    Task("points, NME ↓", "%", (RENDERED, FACES), "points", _points, _mean),
    Task("head rotation, mean error ↓", "deg", (RENDERED, FACES), "rotation", _rotation, _mean),
    Task("gaze, eyes open, mean error ↓", "deg", (RENDERED, FACES), "gaze", _gaze, _mean),
    Task("lids, MAE ↓", "", (RENDERED, FACES), "eye_open", _lids, _mean),
    Task("AU, ICC(3,1), mean of units ↑", "", (RENDERED,), "au", _units, _agreement),
    Task("AU, MAE on 0–5 ↓", "", (RENDERED,), "au", _units, _deviation),
    Task("emotion, accuracy ↑", "%", (RATED,), "emotion", _emotion, _accuracy),
    Task("emotion, cross-entropy ↓", "", (RATED,), "emotion", _emotion, _cross_entropy),
    Task("valence and arousal, MAE ↓", "", (RATED,), "valence", _affect, _deviation),
)


def _found(rows: AnyArray) -> float:
    found = rows[np.isfinite(rows)]
    return float(found.mean()) if len(found) else float("nan")


def _failures(rows: AnyArray) -> float:
    return 100 * failure_rate(rows, landmarks68.FAILURE)


def _photograph_error(measured: Faces, labels: Faces) -> AnyArray:
    return measured["error"][:, None]


PHOTOGRAPHED = (
    Task("68 landmarks, NME of faces found ↓", "%", (MARKED,), "error", _photograph_error, _found),
    Task(
        "68 landmarks, missed or over 10 % ↓", "%", (MARKED,), "error", _photograph_error, _failures
    ),
)
