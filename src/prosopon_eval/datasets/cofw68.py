"""COFW-68: occluded faces with 68 points (Burgos-Artizzu et al., 2013; Ghiasi & Fowlkes, 2015).

Files: ``COFW_test_color.mat`` (Caltech's, HDF5: cell array ``IsT`` of pictures) and, of the
cofw68-benchmark, ``test_annotations/N_points.mat`` (``Points`` (68, 2), ``Occ`` (68,)) and
``cofw68_test_bboxes.mat`` (``bboxes``: x y width height); all may lie in ``COFW68_Data``.
MATLAB's pixels count from 1; here they count from 0.

Split: ``test``, 507 faces, for models that learned from 300-W. The benchmark's boxes are given.
Faces with less and more than 30 % of their points occluded are subsets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from prosopon.types import UInt8Array
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.datasets.files import hdf5, matlab, need

ORIGIN = "https://data.caltech.edu/records/bc0bf-nc666 and github.com/golnazghiasi/cofw68-benchmark"
SUBSETS = ("little occluded", "much occluded")


def _place(root: Path, name: str) -> Path:
    inner = root / "COFW68_Data" / name
    return inner if inner.exists() else root / name


def _picture(path: Path, index: int) -> Callable[[], UInt8Array]:
    def read() -> UInt8Array:
        with hdf5(path, ORIGIN) as file:
            cells = file["IsT"]
            # MATLAB stores columns first: (3, w, h) or (w, h) here.
            values: Any = np.asarray(file[cells[()].ravel()[index]]).T
        if values.ndim == 2:
            return np.asarray(cv2.cvtColor(np.ascontiguousarray(values), cv2.COLOR_GRAY2BGR))
        return np.ascontiguousarray(values[:, :, ::-1])

    return read


def read(root: Path, split: str) -> Iterator[Sample]:
    """Samples in the order of their numbers."""
    pictures = need(_place(root, "COFW_test_color.mat"), ORIGIN)
    folder = need(_place(root, "test_annotations"), ORIGIN)
    boxes = matlab(_place(root, "cofw68_test_bboxes.mat"), ORIGIN, "bboxes")["bboxes"]
    for number in range(1, len(boxes) + 1):
        marks = matlab(folder / f"{number}_points.mat", ORIGIN, "Points", "Occ")
        x, y, width, height = boxes[number - 1].astype(np.float64) - (1, 1, 0, 0)
        share = float(np.mean(marks["Occ"] != 0))
        yield Sample(
            f"{number}",
            _picture(pictures, number - 1),
            f"{number}",
            np.array([x, y, x + width, y + height], np.float32),
            {"landmarks": np.asarray(marks["Points"], np.float32) - 1},
            (SUBSETS[share > 0.3],),
        )


DATASET = Dataset("COFW-68", ORIGIN, ("landmarks",), ("test",), read, subsets=SUBSETS)
