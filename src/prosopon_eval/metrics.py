"""Error measures and agreement statistics on plain arrays.

All angles that come out are degrees. Rows with a NaN in what is compared make the result NaN:
select rows before. A measurement that failed is an infinite error where that makes sense
(:func:`failure_rate`, :func:`ced_area`), so that a miss is never cheaper than a bad hit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from prosopon.geometry import euler_from_rotation

Array = npt.NDArray[Any]

OUTER_EYE_CORNERS = (36, 45)


# Landmarks


def normalised_mean_error(
    predicted: Array, truth: Array, eyes: tuple[int, int] = OUTER_EYE_CORNERS
) -> Array:
    """Mean point-to-point distance over the distance of the true outer eye corners: (n,).

    predicted, truth: (n, k, 2) px. ``eyes`` are the indices of the two outer corners
    (36 and 45 of the 68; the "inter-ocular" normalisation of Sagonas et al., ICCVW 2013).
    """
    distances = np.linalg.norm(predicted - truth, axis=2).mean(axis=1)
    scale = np.linalg.norm(truth[:, eyes[0]] - truth[:, eyes[1]], axis=1)
    return np.asarray(distances / scale)


def point_errors(predicted: Array, truth: Array) -> Array:
    """Mean point-to-point distance of (n, k, 2) px: (n,) px."""
    return np.asarray(np.linalg.norm(predicted - truth, axis=2).mean(axis=1))


OUTER_CORNERS = {68: OUTER_EYE_CORNERS, 98: (60, 72)}
"""The two outer eye corners among 68 (iBUG) or 98 points (WFLW)."""


def point_scale(truth: Array, kind: str) -> Array:
    """What the error of true points (n, 68 or 98, 2) px is divided by: (n,) px.

    kind: ``inter-ocular``, between the outer eye corners; ``inter-pupil``, between the means of the
    six points of each eye (of 68); ``diagonal``, of the points' bounding box.
    """
    if kind == "diagonal":
        return np.asarray(np.linalg.norm(np.ptp(truth, axis=1), axis=1))
    if kind == "inter-pupil":
        return np.asarray(
            np.linalg.norm(truth[:, 36:42].mean(axis=1) - truth[:, 42:48].mean(axis=1), axis=1)
        )
    right, left = OUTER_CORNERS[truth.shape[1]]
    return np.asarray(np.linalg.norm(truth[:, right] - truth[:, left], axis=1))


def failure_rate(errors: Array, limit: float) -> float:
    """Share of ``errors`` (n,) above ``limit``; infinite errors are failures."""
    return float(np.mean(errors > limit))


def ced_area(errors: Array, limit: float) -> float:
    """Area under the cumulative distribution of ``errors`` (n,) from 0 to ``limit``, over limit.

    1 when every error is 0, 0 when every one is above the limit.
    """
    return float(np.mean(np.clip(1 - errors / limit, 0, None)))


# Directions and rotations


def angular_error(a: Array, b: Array) -> Array:
    """Angle between 3D directions (…, 3), degrees: (…).

    The arctangent form keeps small angles exact, where an arccosine would lose them.
    """
    sine = np.linalg.norm(np.cross(a, b), axis=-1)
    cosine = (a * b).sum(axis=-1)
    return np.asarray(np.degrees(np.arctan2(sine, cosine)))


def rotation_error(a: Array, b: Array) -> Array:
    """Geodesic distance of rotations (n, 3, 3), degrees: the angle of aᵀb."""
    relative = a.swapaxes(1, 2) @ b
    skew = relative - relative.swapaxes(1, 2)
    sine = np.sqrt((skew**2).sum(axis=(1, 2)) / 8)
    cosine = (np.trace(relative, axis1=1, axis2=2) - 1) / 2
    return np.asarray(np.degrees(np.arctan2(sine, cosine)))


def euler_error(a: Array, b: Array) -> Array:
    """Absolute difference of pitch, yaw and roll of rotations (n, 3, 3), degrees: (n, 3)."""
    difference = euler_from_rotation(a) - euler_from_rotation(b)
    wrapped = (difference + np.pi) % (2 * np.pi) - np.pi
    return np.abs(np.degrees(wrapped))


def published_euler(rotations: Array) -> Array:
    """Pitch, yaw and roll of rotations (n, 3, 3) as pose benchmarks count them: (n, 3) degrees.

    R = Rx·Ry·Rz in axes x right, y up, z to the viewer, yaw positive to image left: the angles of
    AFLW2000-3D and 300W-LP (Zhu et al. 2016), and of BIWI as Ruiz et al. (2018) read it.
    """
    pitch = np.arctan2(rotations[:, 1, 2], rotations[:, 2, 2])
    yaw = np.arcsin(np.clip(rotations[:, 0, 2], -1, 1))
    roll = np.arctan2(-rotations[:, 0, 1], rotations[:, 0, 0])
    return np.asarray(np.degrees(np.stack([pitch, yaw, roll], axis=1)))


def published_euler_error(a: Array, b: Array) -> Array:
    """Absolute difference of :func:`published_euler` of (n, 3, 3), the short way round: (n, 3)."""
    difference = published_euler(a) - published_euler(b)
    return np.asarray(np.abs((difference + 180) % 360 - 180))


# Agreement of two continuous ratings


def mean_absolute_error(a: Array, b: Array) -> float:
    """Mean of |a − b|."""
    return float(np.mean(np.abs(a - b)))


def pearson(a: Array, b: Array) -> float:
    """Correlation of (n,) and (n,); NaN when either is constant."""
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else float("nan")


def spearman(a: Array, b: Array) -> float:
    """Rank correlation of (n,) and (n,), ties sharing their mean rank."""
    return pearson(ranks(a), ranks(b))


def concordance(a: Array, b: Array) -> float:
    """Lin's concordance correlation coefficient (Biometrics 1989) of (n,) and (n,)."""
    covariance = np.mean((a - a.mean()) * (b - b.mean()))
    scale = a.var() + b.var() + (a.mean() - b.mean()) ** 2
    return float(2 * covariance / scale) if scale > 0 else float("nan")


def icc31(a: Array, b: Array) -> float:
    """Intraclass correlation ICC(3,1) of two raters (n,) and (n,) (Shrout & Fleiss 1979).

    Two-way mixed effects, consistency, single rater: (MS_rows − MS_error) / (MS_rows + MS_error).
    """
    ratings = np.stack([a, b], axis=1).astype(np.float64)
    n = len(ratings)
    rows = ratings.mean(axis=1, keepdims=True)
    columns = ratings.mean(axis=0, keepdims=True)
    between = 2 * np.sum((rows - ratings.mean()) ** 2) / (n - 1)
    error = np.sum((ratings - rows - columns + ratings.mean()) ** 2) / (n - 1)
    return float((between - error) / (between + error)) if between + error > 0 else float("nan")


# Classes


def ranks(values: Array) -> Array:
    """Ranks from 1 of (n,) values, ties sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


def roc_auc(scores: Array, positive: Array) -> float:
    """Area under the ROC curve: the chance that a positive outranks a negative, ties a half.

    scores (n,); positive (n,) bool. NaN when one of the classes is absent.
    """
    positive = positive.astype(bool)
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if not n_positive or not n_negative:
        return float("nan")
    above = ranks(scores)[positive].sum() - n_positive * (n_positive + 1) / 2
    return float(above / (n_positive * n_negative))


def f1_score(predicted: Array, truth: Array) -> float:
    """F1 of boolean (n,) against boolean (n,); NaN when neither has a positive."""
    predicted, truth = predicted.astype(bool), truth.astype(bool)
    hits = 2 * int(np.sum(predicted & truth))
    total = int(predicted.sum() + truth.sum())
    return hits / total if total else float("nan")


def f1_by_column(predicted: Array, truth: Array) -> Array:
    """F1 of each column of boolean (n, k), over the rows where the truth is not NaN: (k,).

    The usual figure for action units: ``truth`` may be float with NaN where nobody coded a unit.
    """
    known = ~np.isnan(truth.astype(np.float64))
    return np.array(
        [f1_score(p[k], t[k] > 0.5) for p, t, k in zip(predicted.T, truth.T, known.T, strict=True)]
    )


def confusion_matrix(predicted: Array, truth: Array, classes: int) -> Array:
    """Counts (classes, classes): rows the true class, columns the predicted one."""
    return np.bincount(truth * classes + predicted, minlength=classes**2).reshape(classes, classes)


def accuracy(predicted: Array, truth: Array) -> float:
    """Share of equal class indices (n,)."""
    return float(np.mean(predicted == truth))


def macro_f1(predicted: Array, truth: Array, classes: int) -> float:
    """Mean F1 over the classes that occur in the truth."""
    scores = [
        f1_score(predicted == label, truth == label)
        for label in range(classes)
        if np.any(truth == label)
    ]
    return float(np.mean(scores)) if scores else float("nan")


# Uncertainty


def calibration_error(confidences: Array, correct: Array, bins: int = 15) -> float:
    """Expected calibration error (Guo et al., ICML 2017) of confidences (n,) 0–1: 0–1.

    correct: (n,) bool. In bins of equal width, the difference between the mean confidence and the
    share that is right, weighted by the bins' rows.
    """
    index = np.clip(np.ceil(confidences * bins).astype(int) - 1, 0, bins - 1)
    gaps = np.bincount(index, weights=confidences - correct, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidences))


def bootstrap_by_group(
    values: Array,
    groups: Array,
    statistic: Callable[[Array], float],
    n: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % percentile interval of ``statistic(values)`` under resampling of whole groups.

    values: (rows, …), passed to ``statistic`` with rows repeated or left out; groups: (rows,), the
    person (or photograph) of each row. Rows of one person are not independent, so whole people
    are drawn with replacement. Draws on which the statistic is NaN are left out.
    """
    _, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.argsort(inverse, kind="stable")
    starts = np.cumsum(counts) - counts
    generator = np.random.default_rng(seed)
    results = np.empty(n)
    for i in range(n):
        drawn = generator.integers(0, len(counts), len(counts))
        lengths = counts[drawn]
        # Positions start, start + 1, … of every drawn group, without a loop over groups.
        offsets = np.repeat(starts[drawn] - (np.cumsum(lengths) - lengths), lengths)
        results[i] = statistic(values[order[offsets + np.arange(lengths.sum())]])
    results = results[~np.isnan(results)]
    if not len(results):
        return float("nan"), float("nan")
    # The nearest draw, not one between two: a statistic may be infinite on some draws.
    low, high = np.percentile(results, [2.5, 97.5], method="nearest")
    return float(low), float(high)
