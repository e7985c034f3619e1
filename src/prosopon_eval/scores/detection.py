"""Face detection: WIDER FACE's average precision at each difficulty.

Every row of a picture's table is a detection, its ``confidence`` the score. What the pipeline
does not call a face has no row, so the curve ends at its threshold, and so does the area under
it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prosopon_eval.average_precision import wider_average_precision
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.report import Figure
from prosopon_eval.scores.base import Found, Score


def figures(dataset: Dataset, samples: Sequence[Sample], found: Sequence[Found]) -> list[Figure]:
    """AP of each subset; no interval, as it is not a mean over pictures."""
    result = []
    boxes = [row.get("box", np.zeros((0, 4))) for row in found]
    scores = [row.get("confidence", np.zeros(0)) for row in found]
    truth = [sample.labels["faces"] for sample in samples]
    for k, name in enumerate(dataset.subsets):
        counted = [sample.labels["counted"][:, k] for sample in samples]
        value = wider_average_precision(boxes, scores, truth, counted)
        faces = int(sum(flags.sum() for flags in counted))
        result.append(Figure(f"AP, {name}", value, "", faces))
    return result


SCORE = Score(("box", "confidence"), "counted", figures)
