"""Head rotation: mean absolute Euler angles as published, and the geodesic distance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prosopon.geometry import rotation_from_vector
from prosopon.types import AnyArray
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.metrics import published_euler_error, rotation_error
from prosopon_eval.report import Figure
from prosopon_eval.scores.base import Found, Score, figure, missed, people

ANGLES = ("pitch", "yaw", "roll")


def figures(dataset: Dataset, samples: Sequence[Sample], found: Sequence[Found]) -> list[Figure]:
    """Errors in degrees over the faces that were measured; the missed ones are counted."""
    nothing = np.full(3, np.nan)
    vectors = np.stack([row.get("pose_r", nothing) for row in found]).astype(np.float64)
    kept = ~np.isnan(vectors[:, 0])
    if not kept.any():
        return [missed(len(kept), len(kept))]
    truth = np.stack([sample.labels["rotation"] for sample in samples]).astype(np.float64)[kept]
    measured = rotation_from_vector(vectors[kept])
    euler, groups = published_euler_error(measured, truth), people(samples)[kept]

    def mean(values: AnyArray) -> float:
        return float(values.mean())

    return [
        figure("MAE of the three angles", "deg", euler.mean(1), groups, mean),
        *(figure(f"MAE {name}", "deg", euler[:, i], groups, mean) for i, name in enumerate(ANGLES)),
        figure("geodesic error", "deg", rotation_error(measured, truth), groups, mean),
        missed(int((~kept).sum()), len(kept)),
    ]


SCORE = Score(("pose_r",), "rotation", figures)
