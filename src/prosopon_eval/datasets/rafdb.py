"""RAF-DB: expressions in the wild by 40 raters a face (Li, Deng & Du, CVPR 2017; IEEE TIP 2019).

Files: ``basic/EmoLabel/list_patition_label.txt`` (that spelling), a line a picture:
train_NNNNN.jpg or test_NNNN.jpg and its class from 1; ``basic/Image/original/NAME.jpg`` with the
box in ``basic/Annotation/boundingbox/NAME_boundingbox.txt`` (x0 y0 x1 y1), or else
``basic/Image/aligned/NAME_aligned.jpg``. The root may be ``basic`` itself.

Splits: ``test`` (3,068) and ``train`` (12,271) of seven basic expressions. Those of two at once
are the dataset ``rafdb_compound``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prosopon.errors import InputError
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.datasets.files import lines, numbers, picture

ORIGIN = "http://www.whdeng.cn/RAF/model1.html"
CLASSES = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
LIST = "EmoLabel/list_patition_label.txt"


def read_part(root: Path, part: str, split: str, classes: int) -> Iterator[Sample]:
    """Samples of ``basic`` or ``compound``, in the list's order."""
    folder = root / part if (root / part).is_dir() else root
    path = folder / LIST
    for line in lines(path, ORIGIN):
        name, _, label = line.partition(" ")
        if not name.startswith(split):
            continue
        value = int(numbers(path, label, 1)[0])
        if not 1 <= value <= classes:
            raise InputError(f"{path}: {line}: expected a class from 1 to {classes}")
        stem = Path(name).stem
        image = folder / "Image" / "original" / name
        bounds = folder / "Annotation" / "boundingbox" / f"{stem}_boundingbox.txt"
        box = None
        if not image.exists():
            image = folder / "Image" / "aligned" / f"{stem}_aligned.jpg"
        elif bounds.exists():
            box = np.asarray(numbers(bounds, " ".join(lines(bounds, ORIGIN)), 4), np.float32)
        yield Sample(stem, picture(image, ORIGIN), stem, box, {"emotion": np.array(value - 1)})


def read(root: Path, split: str) -> Iterator[Sample]:
    """Samples of one split of the basic expressions."""
    return read_part(root, "basic", split, len(CLASSES))


DATASET = Dataset("RAF-DB", ORIGIN, ("expression",), ("test", "train"), read, classes=CLASSES)
