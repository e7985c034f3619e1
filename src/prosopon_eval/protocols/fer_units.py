"""Action units against the raters of FER+: does the unit that marks an expression tell it?

Data and rules as for ``ferplus``. Nobody coded units on these pictures; but most people who are
voted happy smile (AU12), and so on, so that a unit that is measured rightly ranks the pictures of
its expression above the others. A unit is compared by its intensity (0 where none was measured)
with the majority label (area under the ROC curve) and with the share of the votes (Spearman).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from prosopon.types import AnyArray, FaceTable
from prosopon_eval.metrics import bootstrap_by_group, roc_auc, spearman
from prosopon_eval.protocols.ferplus import EMOTIONS, majority, measure, read
from prosopon_eval.report import Figure, Protocol, Scores

if TYPE_CHECKING:
    from prosopon import Analyzer

UNITS = {
    "happiness": ("AU12",),
    "surprise": ("AU01", "AU02", "AU05"),
    "anger": ("AU04",),
    "sadness": ("AU15", "AU01"),
}
RANK_DRAWS = 200  # ranking thousands of votes is slow


def intensity(faces: FaceTable, units: tuple[str, ...]) -> float:
    """Mean intensity of ``units`` of the one face; 0 for what was not measured."""
    if not len(faces):
        return 0.0
    values = faces["au"][0, [faces.au_names.index(unit) for unit in units]]
    return float(np.nan_to_num(values).mean())


def run(analyzer: Analyzer, path: Path) -> Scores:
    """Area under the curve and rank correlation for four expressions."""
    data = read(path)
    labels = majority(data.votes)
    chosen = labels >= 0
    tables = measure(analyzer, data, "fer_units")
    shares = data.votes[:, : len(EMOTIONS)] / data.votes.sum(axis=1, keepdims=True)
    pictures = np.arange(int(chosen.sum()))

    def auc(rows: AnyArray) -> float:
        return roc_auc(rows[:, 0], rows[:, 1])

    def rank(rows: AnyArray) -> float:
        return spearman(rows[:, 0], rows[:, 2])

    figures = []
    statistics: tuple[tuple[str, Callable[[AnyArray], float], int], ...] = (
        ("AUC", auc, 1000),
        ("rank correlation with votes", rank, RANK_DRAWS),
    )
    for emotion, units in UNITS.items():
        k = EMOTIONS.index(emotion)
        scores = np.array([intensity(faces, units) for faces in tables])
        rows = np.stack([scores, labels == k, shares[:, k]], axis=1)[chosen]
        for what, statistic, draws in statistics:
            interval = bootstrap_by_group(rows, pictures, statistic, n=draws)
            name = f"{'+'.join(units)} for {emotion}, {what}"
            figures.append(Figure(name, statistic(rows), "", len(rows), *interval))
    return Scores(tuple(figures))


PROTOCOL = Protocol(
    "action units against FER+ votes: AUC and rank correlation, boxes given", run, needs=("au",)
)
