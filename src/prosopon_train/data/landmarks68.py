"""Adapter of the 300-W style photographs (``landmarks68_research.parquet``): research only.

No network is trained on these images for a pack that may be used commercially. They fit the
small map from a teacher's points to the 68, and they score.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prosopon.types import AnyArray
from prosopon_train.data.photographs import Photograph, decode_luma, fold, records


def in_fitting_half(name: str) -> bool:
    """Whether an image is of the half that the point map is fitted on; the other half scores."""
    return fold(name) % 2 == 1


def fifth(name: str) -> int:
    """The fold (0–4) of an image, for a pack that learns from these images."""
    return fold(name) // 2


def landmarks(path: Path) -> tuple[list[str], AnyArray]:
    """Names, and the points (n, 68, 2) float32 px in iBUG order, in the file's order."""
    names, points = [], []
    for _, record in records(path, ("name", "landmarks")):
        names.append(record["name"])
        points.append(record["landmarks"])
    return names, np.array(points, np.float32).reshape(-1, 68, 2)


def read(path: Path) -> Iterator[Photograph]:
    """All photographs, with ``landmarks`` (68, 2) px as the label."""
    for row, record in records(path, ("image", "source", "name", "landmarks")):
        points = np.array(record["landmarks"], np.float32).reshape(68, 2)
        luma = decode_luma(record["image"], f"{path.name}, row {row}")
        labels = {"landmarks": points}
        yield Photograph(luma, row, record["source"], record["name"], record["name"], labels)
