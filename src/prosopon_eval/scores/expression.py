"""Expression classes: accuracy and macro-F1 over the classes of the dataset.

The answer is the dataset's class of highest probability; of a compound class ``a+b``, the product
of both counts. A class that a pack does not have, as "other", is never its answer. A missed face
is neutral where there is such a class, else the first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prosopon.heads.emotion import EMOTIONS
from prosopon.types import AnyArray
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.metrics import accuracy, macro_f1
from prosopon_eval.report import Figure
from prosopon_eval.scores.base import Found, Score, figure, people
from prosopon_eval.scores.units import missed_faces


def class_scores(probabilities: AnyArray, classes: Sequence[str]) -> AnyArray:
    """(n, k) from the pack's probabilities (n, 8); −1 for classes that it does not have."""
    scores = np.full((len(probabilities), len(classes)), -1.0)
    for k, name in enumerate(classes):
        parts = name.split("+")
        if all(part in EMOTIONS for part in parts):
            places = [EMOTIONS.index(part) for part in parts]
            scores[:, k] = probabilities[:, places].prod(axis=1)
    return scores


def figures(dataset: Dataset, samples: Sequence[Sample], found: Sequence[Found]) -> list[Figure]:
    """Accuracy in % and macro-F1; of AffectNet's seven classes only seven can be answered."""
    truth = np.array([int(sample.labels["emotion"]) for sample in samples])
    classes = dataset.classes[: _asked(dataset, truth)]
    nothing = np.array([float(name == "neutral") for name in EMOTIONS])
    given = np.stack([row.get("emotion", nothing) for row in found])
    given = np.where(np.isfinite(given).all(1, keepdims=True), given, nothing)
    pairs = np.stack([class_scores(given, classes).argmax(1), truth], axis=1)
    groups = people(samples)

    def right(rows: AnyArray) -> float:
        return 100 * accuracy(rows[:, 0], rows[:, 1])

    def balanced(rows: AnyArray) -> float:
        return macro_f1(rows[:, 0], rows[:, 1], len(classes))

    return [
        figure("accuracy", "%", pairs, groups, right),
        figure("macro F1", "", pairs, groups, balanced),
        missed_faces(found),
    ]


def _asked(dataset: Dataset, truth: AnyArray) -> int:
    """Number of classes: without a last one (contempt) that the split leaves out."""
    without_contempt = dataset.classes[-1] == "contempt" and truth.max() < len(dataset.classes) - 1
    return len(dataset.classes) - int(without_contempt)


SCORE = Score(("emotion",), "emotion", figures)
