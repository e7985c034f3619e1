"""FER+: the pictures of FER2013 with ten raters' votes (Barsoum et al., ICMI 2016).

Files: ``fer2013.csv`` as of ``fer2013``, and ``fer2013new.csv`` of the same rows with ``Usage``,
``Image name`` and votes for neutral … contempt, unknown and NF (no face).

Splits as of ``fer2013``; ``test`` is PrivateTest. By the majority rule of the paper: votes of one
are noise and set to 0, the class with most votes is the label, and rows where that is unknown or
no face, or where two classes share the most, are left out. Training keeps all votes as ``votes``
(8,), a distribution.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import numpy as np

from prosopon.errors import InputError
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.datasets.fer2013 import SIDE, USAGE, pictures
from prosopon_eval.datasets.files import given, need, numbers, table

ORIGIN = "https://github.com/microsoft/FERPlus"
CLASSES = (
    *("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear"),
    "contempt",
)
COLUMNS = (*CLASSES, "unknown", "NF")


def read(root: Path, split: str) -> Iterator[Sample]:
    """Samples of one split, in the file's order."""
    path = need(root / "fer2013new.csv", ORIGIN)
    box = np.array([0, 0, SIDE, SIDE], np.float32)
    rows = table(path, ORIGIN, ("Usage", *COLUMNS))
    for picture, record in zip_longest(pictures(root), rows):
        if picture is None or record is None:
            raise InputError(f"{path}: has other rows than fer2013.csv; get both files again")
        row, usage, _, image = picture
        if usage != USAGE[split]:
            continue
        votes = numbers(path, ",".join(record[name] for name in COLUMNS), len(COLUMNS), ",")
        votes = np.where(votes > 1, votes, 0)
        best = int(votes.argmax())
        if best >= len(CLASSES) or not votes[best] or np.sum(votes == votes[best]) > 1:
            continue
        name = f"fer{row:07}"
        share = (votes[:8] / votes[:8].sum()).astype(np.float32)
        labels = {"emotion": np.array(best), "votes": share}
        yield Sample(name, given(image), name, box, labels)


DATASET = Dataset(
    "FER+", ORIGIN, ("expression",), ("test", "validation", "train"), read, classes=CLASSES
)
