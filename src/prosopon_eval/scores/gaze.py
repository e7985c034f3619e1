"""Gaze: the angle in space between the direction measured and the true one.

The direction of a face is the mean of its two eyes'. The angle is that of two vectors in 3D: of
yaw +15° against −15°, both at a pitch of 15°, it is 28.96°, where the difference of yaws would
say 30°.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prosopon.types import AnyArray
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.metrics import angular_error
from prosopon_eval.report import Figure
from prosopon_eval.scores.base import Found, Score, figure, missed, people


def figures(dataset: Dataset, samples: Sequence[Sample], found: Sequence[Found]) -> list[Figure]:
    """Mean and median error over the faces that were measured; the missed ones are counted."""
    nothing = np.full((2, 3), np.nan)
    measured = np.stack([row.get("gaze", nothing) for row in found]).astype(np.float64).mean(1)
    kept: AnyArray = np.isfinite(measured).all(1)
    if not kept.any():
        return [missed(len(kept), len(kept))]
    truth = np.stack([sample.labels["gaze"] for sample in samples]).astype(np.float64)
    errors, groups = angular_error(measured[kept], truth[kept]), people(samples)[kept]

    def mean(values: AnyArray) -> float:
        return float(values.mean())

    result = [
        figure("angular error", "deg", errors, groups, mean),
        figure("angular error, median", "deg", errors, groups, lambda e: float(np.median(e))),
        missed(int((~kept).sum()), len(kept)),
    ]
    for name in dataset.subsets:
        chosen = np.array([name in sample.subsets for sample in samples])[kept]
        if chosen.any():
            part = figure(f"angular error, {name}", "deg", errors[chosen], groups[chosen], mean)
            result.append(part)
    return result


SCORE = Score(("gaze",), "gaze", figures)
