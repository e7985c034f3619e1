"""Emotion on FER+ PublicTest (Barsoum et al., ICMI 2016): the majority of ten raters.

Data: a Parquet file of ``image`` (encoded 48×48 grey faces), ``name``, ``split`` and ``votes``
(counts in the order of VOTES). The whole picture is given as the box.

Rule: the label is the class with the most votes; pictures whose most votes are "unknown" or "not
a face" are dropped; of classes with equal votes the first in the order of VOTES is the label.
"Clear majority" is the stricter rule of the data set's authors' code: votes cast by one rater alone
are struck, and the label must have more than half of what remains.

The calibration error asks whether the largest probability is the share of pictures that are right
(Guo et al., ICML 2017); a face that was not measured counts as sure of "neutral".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from prosopon.types import AnyArray, FaceTable, UInt8Array
from prosopon_eval.data import decode_image, map_faces, read_rows, whole_picture
from prosopon_eval.datasets.fer2013plus import CLASSES
from prosopon_eval.metrics import (
    accuracy,
    bootstrap_by_group,
    calibration_error,
    confusion_matrix,
    macro_f1,
)
from prosopon_eval.report import Figure, Matrix, Protocol, Scores
from prosopon_eval.slices import (
    luminance_thirds,
    marked_yaw,
    skin_luminance,
    slice_figures,
    yaw_bins,
)

if TYPE_CHECKING:
    from prosopon import Analyzer

EMOTIONS = CLASSES
VOTES = (*EMOTIONS, "unknown", "not a face")
SPLIT = "PublicTest"


def majority(votes: AnyArray) -> AnyArray:
    """Index into EMOTIONS of the majority of votes (n, 10); −1 where the row is dropped: (n,)."""
    label = votes.argmax(axis=1)
    return np.where(label < len(EMOTIONS), label, -1)


def clear_majority(votes: AnyArray) -> AnyArray:
    """As :func:`majority` by the stricter rule: −1 where no class has more than half: (n,)."""
    kept = np.where(votes > 1, votes, 0)
    clear = 2 * kept.max(axis=1) > kept.sum(axis=1)
    return np.where(clear, majority(kept), -1)


def predicted_emotion(faces: FaceTable) -> int:
    """Index into EMOTIONS of the most probable emotion; neutral where no face was measured."""
    if not len(faces) or np.isnan(faces["emotion"][0]).any():
        return EMOTIONS.index("neutral")
    return EMOTIONS.index(faces.emotion_names[int(faces["emotion"][0].argmax())])


def sureness(faces: FaceTable) -> float:
    """Probability of the most probable emotion; 1 where no face was measured."""
    if not len(faces) or np.isnan(faces["emotion"][0]).any():
        return 1.0
    return float(faces["emotion"][0].max())


def correct(rows: AnyArray) -> float:
    """Accuracy in % of rows (n, 2) of predicted and true class."""
    return 100 * accuracy(rows[:, 0], rows[:, 1])


@dataclass(frozen=True, slots=True)
class RatedPictures:
    """Names (n,), votes (n, 10) and encoded pictures of the split that nothing learns from."""

    names: list[str]
    images: list[bytes]
    votes: AnyArray

    def image(self, i: int) -> UInt8Array:
        """The (48, 48, 3) BGR picture of row ``i``."""
        return decode_image(self.images[i], self.names[i])


def read(path: Path) -> RatedPictures:
    """The pictures of PublicTest in a Parquet file."""
    rows = read_rows(path, ["image", "name", "votes"], [("split", "=", SPLIT)])
    return RatedPictures(
        [row["name"] for row in rows],
        [row["image"] for row in rows],
        np.array([row["votes"] for row in rows]),
    )


def measure(analyzer: Analyzer, data: RatedPictures, what: str) -> list[FaceTable]:
    """The one face of every picture, the whole picture being given as its box."""

    def one(i: int) -> FaceTable:
        image = data.image(i)
        return analyzer.image(image, boxes=whole_picture(image))

    return map_faces(one, range(len(data.names)), what)


def figures(predicted: AnyArray, labels: AnyArray, rule: str) -> list[Figure]:
    """Accuracy and macro-F1 of the rows with a label."""
    pairs = np.stack([predicted, labels], axis=1)[labels >= 0]
    # PublicTest has no names of people: every picture is its own group.
    groups = np.arange(len(pairs))

    def balanced(rows: AnyArray) -> float:
        return macro_f1(rows[:, 0], rows[:, 1], len(EMOTIONS))

    return [
        Figure(
            f"{name}, {rule}",
            statistic(pairs),
            unit,
            len(pairs),
            *bootstrap_by_group(pairs, groups, statistic),
        )
        for name, unit, statistic in [("accuracy", "%", correct), ("macro F1", "", balanced)]
    ]


def calibration_figures(sure: AnyArray, predicted: AnyArray, labels: AnyArray) -> list[Figure]:
    """Calibration error, and mean probability less accuracy (overconfidence), in %."""
    chosen = labels >= 0
    rows = np.stack([sure, predicted == labels], axis=1)[chosen]
    groups = np.arange(len(rows))

    def error(rows: AnyArray) -> float:
        return 100 * calibration_error(rows[:, 0], rows[:, 1])

    def excess(rows: AnyArray) -> float:
        return 100 * float(rows[:, 0].mean() - rows[:, 1].mean())

    return [
        Figure(name, how(rows), "%", len(rows), *bootstrap_by_group(rows, groups, how))
        for name, how in (("expected calibration error", error), ("overconfidence", excess))
    ]


def run(analyzer: Analyzer, path: Path) -> Scores:
    """Accuracy, macro-F1, calibration and confusion of the eight classes."""
    data = read(path)
    tables = measure(analyzer, data, "ferplus")
    predicted = np.array([predicted_emotion(faces) for faces in tables])
    sure = np.array([sureness(faces) for faces in tables])
    votes = data.votes
    labels = majority(votes)
    chosen = labels >= 0
    kept = [(i, tables[i]["landmarks"][0]) for i in np.flatnonzero(chosen) if len(tables[i])]
    yaw, luminance = np.full((2, len(tables)), np.nan)
    for i, points in kept:
        yaw[i] = marked_yaw(points[None])[0]
        luminance[i] = skin_luminance(data.image(int(i)), points)
    attributes = (yaw_bins(yaw[chosen]), luminance_thirds(luminance[chosen]))
    counts = confusion_matrix(predicted[chosen], labels[chosen], len(EMOTIONS))
    return Scores(
        (
            *figures(predicted, labels, "majority"),
            *figures(predicted, clear_majority(votes), "clear majority"),
            *calibration_figures(sure, predicted, labels),
        ),
        (Matrix("confusion, majority", EMOTIONS, tuple(map(tuple, counts.tolist()))),),
        slice_figures(
            "accuracy, majority",
            "%",
            np.stack([predicted, labels], axis=1)[chosen],
            np.flatnonzero(chosen),
            attributes,
            correct,
        ),
    )


PROTOCOL = Protocol(
    "emotion on FER+ PublicTest, boxes given: accuracy over 8 classes", run, needs=("emotion",)
)
