"""WFLW: 98 points with attributes (Wu et al., "Look at Boundary", CVPR 2018).

Files: ``WFLW_annotations/list_98pt_rect_attr_train_test/list_98pt_rect_attr_{train,test}.txt``, a
line a face: 196 coordinates (x y), the rectangle (x_min y_min x_max y_max), six attributes as 0
or 1 (pose, expression, illumination, make-up, occlusion, blur) and the picture's name below
``WFLW_images``.

Splits: ``test`` (2,500) and ``train`` (7,500). Each attribute is a subset; the error is
normalised by the outer eye corners (points 60 and 72), a failure is over 10 %. The rectangle is
given.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prosopon.errors import InputError
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.datasets.files import lines, numbers, picture

ORIGIN = "https://wywu.github.io/projects/LAB/WFLW.html"
ATTRIBUTES = ("pose", "expression", "illumination", "make-up", "occlusion", "blur")
LISTS = "WFLW_annotations/list_98pt_rect_attr_train_test/list_98pt_rect_attr_{}.txt"


def read(root: Path, split: str) -> Iterator[Sample]:
    """Samples of one split, in the list's order."""
    path = root / LISTS.format(split)
    for number, line in enumerate(lines(path, ORIGIN)):
        fields = line.split()
        if len(fields) != 207:
            raise InputError(f"{path}: line {number + 1} has {len(fields)} fields, expected 207")
        values = numbers(path, " ".join(fields[:206]), 206)
        flags = values[200:206] > 0
        points = values[:196].reshape(98, 2).astype(np.float32)
        yield Sample(
            f"{number:05}-{fields[206]}",
            picture(root / "WFLW_images" / fields[206], ORIGIN),
            fields[206],
            values[196:200].astype(np.float32),
            {"landmarks": points},
            tuple(name for name, flag in zip(ATTRIBUTES, flags, strict=True) if flag),
        )


DATASET = Dataset(
    "WFLW",
    ORIGIN,
    ("landmarks",),
    ("test", "train"),
    read,
    subsets=ATTRIBUTES,
    needs=("landmarks_98",),
)
