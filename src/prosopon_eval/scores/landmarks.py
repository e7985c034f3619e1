"""Marked points: NME, failures and area under the curve.

Normalised by the distance of the outer eye corners (the usual figure of 300-W, COFW-68 and WFLW);
for 68 points also by that of the eyes' centres ("inter-pupil") and by the diagonal of the marks'
bounding box. A face that was missed has no error: it is a failure, takes nothing of the area, and
is counted beside the mean of the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prosopon.types import AnyArray
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.metrics import ced_area, failure_rate, point_errors, point_scale
from prosopon_eval.report import Figure
from prosopon_eval.scores.base import Found, Score, figure, missed, people

COLUMNS = {68: "landmarks", 98: "landmarks_98"}


def _mean(errors: AnyArray) -> float:
    kept = errors[np.isfinite(errors)]
    return float(kept.mean()) if len(kept) else float("nan")


def figures(dataset: Dataset, samples: Sequence[Sample], found: Sequence[Found]) -> list[Figure]:
    """Figures of all samples, then the usual NME of each subset."""
    truth = np.stack([sample.labels["landmarks"] for sample in samples])
    column = COLUMNS[truth.shape[1]]
    nothing = np.full(truth.shape[1:], np.nan)
    marked = np.stack([row.get(column, nothing) for row in found])
    distance = point_errors(marked, truth)
    scales = ["inter-ocular", "inter-pupil", "diagonal"][: 3 if truth.shape[1] == 68 else 1]
    errors = {name: 100 * distance / point_scale(truth, name) for name in scales}
    for values in errors.values():
        values[np.isnan(values)] = np.inf
    groups, usual = people(samples), errors["inter-ocular"]
    limit = dataset.limit
    result = [figure(f"NME {name}", "%", e, groups, _mean) for name, e in errors.items()]
    result += [
        figure(
            f"failures over {limit:.0f} %",
            "%",
            usual,
            groups,
            lambda e: 100 * failure_rate(e, limit),
        ),
        figure(f"AUC to {limit:.0f} %", "", usual, groups, lambda e: ced_area(e, limit)),
        missed(int(np.isinf(usual).sum()), len(usual)),
    ]
    for name in dataset.subsets:
        chosen = np.array([name in sample.subsets for sample in samples])
        if chosen.any():
            part = usual[chosen]
            result.append(figure(f"NME inter-ocular, {name}", "%", part, groups[chosen], _mean))
    return result


SCORE = Score(("landmarks", "landmarks_98"), "landmarks", figures)
