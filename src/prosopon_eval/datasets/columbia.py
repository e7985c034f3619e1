"""Columbia Gaze: 56 people, 5 head poses, 21 gaze directions (Smith et al., UIST 2013).

Files: ``0001/0001_2m_-15P_10V_-5H.jpg``: person, distance, head yaw, vertical and horizontal
angle of gaze in degrees, in the root or in ``Columbia Gaze Data Set``.

Split: ``all``, 5,880 pictures; there is no fixed protocol (usual: folds of people,
``person=0001``, ``without=0001``). Gaze is seen from the camera: V is positive upward, H toward
image right, so that 0V 0H looks into the lens under every head pose. No box is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prosopon.errors import InputError
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.datasets.files import need, picture, unit

ORIGIN = "https://cs.columbia.edu/CAVE/databases/columbia_gaze"
NAME = re.compile(r"(\d{4})_2m_(-?\d+)P_(-?\d+)V_(-?\d+)H\.jpg")


def read(root: Path, split: str) -> Iterator[Sample]:
    """Samples, person by person."""
    inner = root / "Columbia Gaze Data Set"
    folder = inner if inner.is_dir() else need(root, ORIGIN)
    found = [(p, m) for p in sorted(folder.glob("*/*.jpg")) if (m := NAME.fullmatch(p.name))]
    if not found:
        raise InputError(f"{folder}: holds no 0001/0001_2m_0P_0V_0H.jpg …; see {ORIGIN}")
    for path, match in found:
        up, right = np.radians([float(match[3]), float(match[4])])
        gaze = unit((np.cos(up) * np.sin(right), -np.sin(up), -np.cos(up) * np.cos(right)))
        subset = f"head {abs(int(match[2]))}°"
        labels = {"gaze": gaze}
        yield Sample(path.stem, picture(path, ORIGIN), match[1], None, labels, (subset,))


DATASET = Dataset(
    "Columbia Gaze",
    ORIGIN,
    ("gaze",),
    ("all",),
    read,
    subsets=("head 0°", "head 15°", "head 30°"),
)
