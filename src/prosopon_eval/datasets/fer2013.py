"""FER2013: 48 px faces of seven expressions (Goodfellow et al., ICONIP 2013).

Files: ``fer2013.csv`` (or ``icml_face_data.csv``) with ``emotion`` 0–6, ``pixels`` (2,304
numbers) and ``Usage``.

Splits: ``test`` is PrivateTest (3,589), ``validation`` PublicTest, ``train`` Training. The whole
picture is given as the box.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prosopon.errors import InputError
from prosopon.types import UInt8Array
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.datasets.files import given, numbers, table

ORIGIN = "kaggle.com, challenges-in-representation-learning-facial-expression-recognition"
CLASSES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
USAGE = {"test": "PrivateTest", "validation": "PublicTest", "train": "Training"}
SIDE = 48


def pictures(root: Path) -> Iterator[tuple[int, str, int, UInt8Array]]:
    """Row, usage, class and (48, 48, 3) picture of every row."""
    path = root / "fer2013.csv"
    if not path.exists() and (root / "icml_face_data.csv").exists():
        path = root / "icml_face_data.csv"
    for row, record in enumerate(table(path, ORIGIN, ("emotion", "Usage", "pixels"))):
        values = numbers(path, record["pixels"], SIDE * SIDE).astype(np.uint8)
        label = int(record["emotion"])
        if not 0 <= label < len(CLASSES):
            raise InputError(f"{path}: row {row}: emotion {label}, expected 0 to 6")
        grey = values.reshape(SIDE, SIDE)
        yield row, record["Usage"].strip(), label, np.repeat(grey[:, :, None], 3, axis=2)


def read(root: Path, split: str) -> Iterator[Sample]:
    """Samples of one split, in the file's order."""
    box = np.array([0, 0, SIDE, SIDE], np.float32)
    for row, usage, label, image in pictures(root):
        if usage == USAGE[split]:
            name = f"fer{row:07}"
            yield Sample(name, given(image), name, box, {"emotion": np.array(label)})


DATASET = Dataset(
    "FER2013", ORIGIN, ("expression",), ("test", "validation", "train"), read, classes=CLASSES
)
