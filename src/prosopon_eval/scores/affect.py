"""Valence and arousal: CCC, RMSE and Pearson's r over the labelled faces. A missed face is 0, 0."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prosopon.types import AnyArray
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.metrics import concordance, pearson
from prosopon_eval.report import Figure
from prosopon_eval.scores.base import Found, Score, figure, people


def _root_mean_square(rows: AnyArray) -> float:
    return float(np.sqrt(np.mean((rows[:, 0] - rows[:, 1]) ** 2)))


def figures(dataset: Dataset, samples: Sequence[Sample], found: Sequence[Found]) -> list[Figure]:
    """Figures of each of the two, and the mean CCC, by which competitions rank."""
    truth = np.stack([sample.labels["affect"] for sample in samples]).astype(np.float64)
    said = np.array([[row.get(n, np.nan) for n in ("valence", "arousal")] for row in found])
    said, groups = np.nan_to_num(said.astype(np.float64)), people(samples)
    result = []
    for i, name in enumerate(("valence", "arousal")):
        known = ~np.isnan(truth[:, i])
        rows = np.stack([said[known, i], truth[known, i]], axis=1)
        for measure, how in (
            ("CCC", lambda r: concordance(r[:, 0], r[:, 1])),
            ("RMSE", _root_mean_square),
            ("r", lambda r: pearson(r[:, 0], r[:, 1])),
        ):
            if len(rows):
                result.append(figure(f"{measure} {name}", "", rows, groups[known], how))
    agreements = [f.value for f in result if f.name.startswith("CCC")]
    mean = Figure("mean CCC", float(np.mean(agreements)), "", len(samples))
    return [mean, *result] if agreements else []


SCORE = Score(("valence", "arousal"), "affect", figures)
