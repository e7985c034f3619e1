"""Action units: F1 of each and their mean; ICC(3,1) and MAE where intensities are coded.

A unit is said to be present from a probability of one half. A face that was missed shows no unit,
and its intensities are 0. F1 is over all frames of the split at once, as published three-fold
figures are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prosopon.heads.action_units import AU_NAMES
from prosopon.types import AnyArray
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.metrics import f1_by_column, icc31, mean_absolute_error
from prosopon_eval.report import Figure
from prosopon_eval.scores.base import Found, Score, figure, missed, people


def _column(found: Sequence[Found], name: str, units: Sequence[str]) -> AnyArray:
    """(n, k) of the dataset's units; 0 where a face was missed."""
    places = [AU_NAMES.index(unit) for unit in units]
    nothing = np.zeros(len(AU_NAMES))
    values = np.stack([row.get(name, nothing) for row in found])[:, places]
    return np.asarray(np.nan_to_num(values))


def figures(dataset: Dataset, samples: Sequence[Sample], found: Sequence[Found]) -> list[Figure]:
    """Figures of every unit that was coded."""
    truth = np.stack([sample.labels["au_present"] for sample in samples])
    coded = [i for i in range(len(dataset.units)) if not np.isnan(truth[:, i]).all()]
    units, truth = [dataset.units[i] for i in coded], truth[:, coded]
    said = _column(found, "au_presence", units) >= 0.5
    both, groups = np.stack([said.astype(np.float64), truth], axis=2), people(samples)

    def mean(rows: AnyArray) -> float:
        scores = f1_by_column(rows[:, :, 0] > 0.5, rows[:, :, 1])
        return float("nan") if np.isnan(scores).all() else float(np.nanmean(scores))

    result = [figure("mean F1", "", both, groups, mean)]
    for i, score in enumerate(f1_by_column(said, truth)):
        known = int((~np.isnan(truth[:, i])).sum())
        result.append(Figure(f"F1, {units[i]}", float(score), "", known))
    return [*result, *_intensities(dataset, samples, found), missed_faces(found)]


def missed_faces(found: Sequence[Found]) -> Figure:
    """How many samples have no face."""
    return missed(sum(not row for row in found), len(found))


def _intensities(
    dataset: Dataset, samples: Sequence[Sample], found: Sequence[Found]
) -> list[Figure]:
    empty = np.full(len(dataset.units), np.nan)
    truth = np.stack([sample.labels.get("au", empty) for sample in samples])
    said = _column(found, "au", dataset.units)
    result, scores = [], []
    for i, unit in enumerate(dataset.units):
        known = ~np.isnan(truth[:, i])
        if known.sum() > 1:
            a, b = said[known, i], truth[known, i]
            scores.append((icc31(a, b), mean_absolute_error(a, b)))
            for name, score in zip(("ICC(3,1)", "MAE"), scores[-1], strict=True):
                result.append(Figure(f"{name}, {unit}", score, "", int(known.sum())))
    if not scores:
        return []
    count = int((~np.isnan(truth)).any(1).sum())
    means = [
        Figure(f"mean {name}", _nanmean([score[k] for score in scores]), "", count)
        for k, name in enumerate(("ICC(3,1)", "MAE"))
    ]
    return [*means, *result]


def _nanmean(values: Sequence[float]) -> float:
    kept = [value for value in values if not np.isnan(value)]
    return float(np.mean(kept)) if kept else float("nan")


SCORE = Score(("au", "au_presence"), "au_present", figures)
