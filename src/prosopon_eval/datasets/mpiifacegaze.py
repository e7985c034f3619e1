"""MPIIFaceGaze: gaze of 15 people at their laptops (Zhang et al., CVPRW 2017).

Files: ``p00/p00.txt`` … ``p14``, a line a picture of 28 fields: file, place on the screen (2),
six marks (12), head rotation and translation (6), centre of the face (3, mm, camera), target (3,
mm, camera), eye; and ``p00/day01/0005.jpg``.

Split: ``all``, 3,000 pictures of each; published figures leave one person out in turn
(``person=p00``, ``without=p00``), so a pack that learned nothing of it is scored on all. Gaze is
from the centre of the face to the target. A box around the marks (widened to a face) is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prosopon.errors import InputError
from prosopon.types import AnyArray, FloatArray
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.datasets.files import lines, need, numbers, picture, unit

ORIGIN = "https://www.perceptualui.org/research/datasets/MPIIFaceGaze/"


def _box(marks: AnyArray) -> FloatArray:
    """(4,) face box of eye corners (4) and mouth corners (2): (6, 2) px."""
    eyes, mouth = marks[:4].mean(0), marks[4:].mean(0)
    width, height = np.ptp(marks[:4, 0]), np.linalg.norm(mouth - eyes)
    low = np.minimum(marks[:4].min(0), marks[4:].min(0)) - (0.3 * width, 1.0 * height)
    high = marks.max(0) + (0.3 * width, 0.7 * height)
    return np.array([*low, *high], np.float32)


def read(root: Path, split: str) -> Iterator[Sample]:
    """Samples, person by person."""
    people = [p for p in sorted(need(root, ORIGIN).glob("p[0-9][0-9]")) if p.is_dir()]
    if not people:
        raise InputError(f"{root}: holds no folders p00 …; get MPIIFaceGaze from {ORIGIN}")
    for person in people:
        path = person / f"{person.name}.txt"
        for line in lines(path, ORIGIN):
            fields = line.split()
            if len(fields) != 28:
                raise InputError(f"{path}: a line of {len(fields)} fields, expected 28")
            values = numbers(path, " ".join(fields[1:27]), 26)
            yield Sample(
                f"{person.name}/{fields[0]}",
                picture(person / fields[0], ORIGIN),
                person.name,
                _box(values[2:14].reshape(6, 2)),
                {"gaze": unit(values[23:26] - values[20:23])},
            )


DATASET = Dataset("MPIIFaceGaze", ORIGIN, ("gaze",), ("all",), read)
