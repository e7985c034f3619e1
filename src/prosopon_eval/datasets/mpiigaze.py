"""MPIIGaze: single eyes of 15 people at their laptops (Zhang et al., CVPR 2015; IEEE TPAMI 2019).

Files: ``Data/Normalized/p00/day01.mat`` (``filenames`` and ``data`` with ``left`` and ``right``,
each ``image`` (n, 36, 60), ``gaze`` (n, 3), ``pose`` (n, 3)) and ``Evaluation Subset/sample list
for eye image/p00.txt``, a line an eye: day01/0005.jpg and left or right.

Split: ``all``, the evaluation subset of 3,000 eyes of each; figures leave one person out in turn
(``person=p00``, ``without=p00``). These are pictures of one eye: networks are trained and scored
on them, but what measures faces finds none. Take ``mpiifacegaze`` for that.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from prosopon.errors import InputError
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.datasets.files import given, lines, matlab, need, unit

ORIGIN = "https://www.perceptualui.org/research/datasets/MPIIGaze/"


def _days(folder: Path) -> dict[str, tuple[dict[str, int], Any]]:
    """Day → (file name → row, the day's data)."""
    days = {}
    for path in sorted(folder.glob("day*.mat")):
        content = matlab(path, ORIGIN, "data", "filenames")
        names = [str(np.ravel(cell)[0]) for cell in content["filenames"].ravel()]
        days[path.stem] = ({name: i for i, name in enumerate(names)}, content["data"][0, 0])
    return days


def read(root: Path, split: str) -> Iterator[Sample]:
    """Eyes of the evaluation subset, person by person."""
    subset = need(root / "Evaluation Subset" / "sample list for eye image", ORIGIN)
    for path in sorted(subset.glob("p[0-9][0-9].txt")):
        days = _days(need(root / "Data" / "Normalized" / path.stem, ORIGIN))
        for line in lines(path, ORIGIN):
            place, _, side = line.partition(" ")
            day, _, name = place.partition("/")
            if side not in ("left", "right") or name not in days.get(day, ({}, None))[0]:
                raise InputError(f"{path}: {line!r} is in none of the .mat files; get them again")
            rows, data = days[day]
            eye = data[side][0, 0]
            grey = np.asarray(eye["image"][rows[name]], np.uint8)
            yield Sample(
                f"{path.stem}/{place}/{side}",
                given(np.repeat(grey[:, :, None], 3, axis=2)),
                path.stem,
                labels={"gaze": unit(eye["gaze"][rows[name]])},
            )


DATASET = Dataset("MPIIGaze", ORIGIN, (), ("all",), read)
