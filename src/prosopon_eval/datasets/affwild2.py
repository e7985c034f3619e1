"""Aff-Wild2: affect in video, frame by frame (Kollias & Zafeiriou, 2019; the ABAW competitions).

Files: ``cropped_aligned/VIDEO/00001.jpg`` and, below ``annotations`` (or the root), for each of
the three tasks a folder ``Train_Set`` and ``Validation_Set`` of VIDEO.txt, a heading, then a line
a frame: ``VA_Estimation_Challenge`` (valence,arousal; −5 not labelled),
``EXPR_Classification_Challenge`` (0 neutral … 6 surprise, 7 other; −1 not),
``AU_Detection_Challenge`` (12 units, 0/1; −1 not). ``VA_Set``, ``EXPR_Set``, ``AU_Set`` and
``EXPR_Recognition_Challenge`` of other years are found too.

Splits: test labels are not public, so figures are of ``va``, ``expr`` and ``au`` on the
validation sets; ``train-va`` … are the training sets. Line n is of picture n (5 digits); frames
without a cut-out face are left out, as there is nothing to measure. Scored are CCC of valence and
arousal, macro-F1 of 8 classes (a pack without "other" never says it), mean F1 of 12 units.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prosopon.errors import InputError
from prosopon.types import AnyArray
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.datasets.files import lines, need, numbers, picture

ORIGIN = "https://ibug.doc.ic.ac.uk/resources/aff-wild2/"
CLASSES = (
    *("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise"),
    "other",
)
NUMBERS = (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26)
TASKS = {
    "va": ("VA_Estimation_Challenge", "VA_Set"),
    "expr": ("EXPR_Classification_Challenge", "EXPR_Recognition_Challenge", "EXPR_Set"),
    "au": ("AU_Detection_Challenge", "AU_Set"),
}
WIDTH = {"va": 2, "expr": 1, "au": len(NUMBERS)}


def _labels(task: str, values: AnyArray) -> dict[str, AnyArray] | None:
    """Labels of a line; None where it says nothing."""
    if task == "va":
        return None if values.min() < -1 else {"affect": values.astype(np.float32)}
    if task == "expr":
        return None if values[0] < 0 else {"emotion": np.array(int(values[0]))}
    known = np.where(values < 0, np.nan, values).astype(np.float32)
    return None if np.isnan(known).all() else {"au_present": known}


def _folder(root: Path, task: str, part: str) -> Path:
    places = [base / name / part for base in (root / "annotations", root) for name in TASKS[task]]
    return need(next((p for p in places if p.is_dir()), places[0]), ORIGIN)


def read(root: Path, split: str) -> Iterator[Sample]:
    """Every labelled frame, video by video."""
    task = split.removeprefix("train-")
    folder = _folder(root, task, "Validation_Set" if task == split else "Train_Set")
    pictures = need(root / "cropped_aligned", ORIGIN)
    videos = sorted(folder.glob("*.txt"))
    if not videos:
        raise InputError(f"{folder}: holds no VIDEO.txt; get the annotations from {ORIGIN}")
    for path in videos:
        # A video with several people has a file for each: VIDEO_left.txt, VIDEO_right.txt.
        for frame, line in enumerate(lines(path, ORIGIN)[1:], start=1):
            labels = _labels(task, numbers(path, line, WIDTH[task], ","))
            image = pictures / path.stem / f"{frame:05}.jpg"
            if labels is not None and image.exists():
                name = f"{path.stem}/{frame}"
                yield Sample(name, picture(image, ORIGIN), path.stem, labels=labels)


DATASET = Dataset(
    "Aff-Wild2",
    ORIGIN,
    ("affect", "expression", "units"),
    ("va", "expr", "au", "train-va", "train-expr", "train-au"),
    read,
    units=tuple(f"AU{n:02}" for n in NUMBERS),
    classes=CLASSES,
)
