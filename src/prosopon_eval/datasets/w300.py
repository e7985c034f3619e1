"""300-W: 68 points on photographs (Sagonas et al., ICCVW 2013; IVC 2016).

Files: ``afw``, ``helen/trainset``, ``helen/testset``, ``lfpw/trainset``, ``lfpw/testset`` and
``ibug``, each with a NAME.pts (``version``, ``n_points: 68``, ``{``, x y pairs, ``}``) beside
NAME.jpg or NAME.png. A .pts counts pixels from 1; here they count from 0.

Splits, by the usual protocol: ``full`` is ``common`` (the test sets of HELEN, 330, and LFPW, 224)
and ``challenging`` (iBUG, 135); ``train`` is the rest (3,148). The box around the marks is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prosopon.errors import InputError
from prosopon.types import FloatArray
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.datasets.files import box_around, lines, need, numbers, picture

ORIGIN = "https://ibug.doc.ic.ac.uk/resources/300-W/"
FOLDERS = {
    "common": ("helen/testset", "lfpw/testset"),
    "challenging": ("ibug",),
    "train": ("afw", "helen/trainset", "lfpw/trainset"),
}


def read_pts(path: Path) -> FloatArray:
    """(68, 2) px, x y, from 0, of a .pts file."""
    rows = lines(path, ORIGIN)
    try:
        begin, end = rows.index("{"), rows.index("}")
    except ValueError:
        raise InputError(f"{path}: has no points between braces; get the file again") from None
    points = np.array([numbers(path, row, 2) for row in rows[begin + 1 : end]])
    if points.shape != (68, 2):
        raise InputError(f"{path}: holds {len(points)} points, expected 68")
    return np.asarray(points - 1, np.float32)


def read(root: Path, split: str) -> Iterator[Sample]:
    """Samples of one split, folder by folder."""
    parts = ("common", "challenging") if split == "full" else (split,)
    for part in parts:
        for folder in FOLDERS[part]:
            marks = sorted(need(root / folder, ORIGIN).glob("*.pts"))
            if not marks:
                raise InputError(f"{root / folder}: holds no .pts files; get them from {ORIGIN}")
            for path in marks:
                points = read_pts(path)
                image = path.with_suffix(".png")
                if not image.exists():
                    image = path.with_suffix(".jpg")
                name = f"{folder}/{path.stem}"
                labels = {"landmarks": points}
                yield Sample(
                    name, picture(image, ORIGIN), name, box_around(points), labels, (part,)
                )


DATASET = Dataset(
    "300-W",
    ORIGIN,
    ("landmarks",),
    ("full", "common", "challenging", "train"),
    read,
    subsets=("common", "challenging"),
)
