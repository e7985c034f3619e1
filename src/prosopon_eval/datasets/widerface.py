"""WIDER FACE: face detection (Yang et al., CVPR 2016).

Files: ``WIDER_val/images/EVENT/NAME.jpg`` and, of the evaluation tools,
``eval_tools/ground_truth`` (or ``ground_truth``) with ``wider_face_val.mat`` (``event_list``,
``file_list``, ``face_bbx_list``: x y width height) and ``wider_{easy,medium,hard}_val.mat``
(``gt_list``: which boxes count, from 1). For training,
``wider_face_split/wider_face_train_bbx_gt.txt`` and ``WIDER_train/images``.

Splits: ``val``, 3,226 pictures, by the three difficulties; ``train``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from prosopon.errors import InputError
from prosopon.types import AnyArray
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.datasets.files import lines, matlab, need, numbers, picture

ORIGIN = "http://shuoyang1213.me/WIDERFACE/"
SUBSETS = ("easy", "medium", "hard")


def corners(boxes: Any) -> AnyArray:
    """(n, 4) x y width height → x0 y0 x1 y1."""
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


def _validation(root: Path) -> Iterator[Sample]:
    folders = (root / "eval_tools" / "ground_truth", root / "ground_truth")
    folder = need(next((p for p in folders if p.is_dir()), folders[0]), ORIGIN)
    truth = matlab(
        folder / "wider_face_val.mat", ORIGIN, "event_list", "file_list", "face_bbx_list"
    )
    counted = [
        matlab(folder / f"wider_{name}_val.mat", ORIGIN, "gt_list")["gt_list"] for name in SUBSETS
    ]
    for e, cell in enumerate(truth["event_list"].ravel()):
        event = str(np.ravel(cell)[0])
        files, boxes = truth["file_list"][e, 0], truth["face_bbx_list"][e, 0]
        for f in range(len(files)):
            name = str(np.ravel(files[f, 0])[0])
            faces = corners(boxes[f, 0])
            flags = np.zeros((len(faces), len(SUBSETS)), bool)
            for k, lists in enumerate(counted):
                flags[np.ravel(lists[e, 0][f, 0]).astype(int) - 1, k] = True
            yield Sample(
                f"{event}/{name}",
                picture(root / "WIDER_val" / "images" / event / f"{name}.jpg", ORIGIN),
                f"{event}/{name}",
                labels={"faces": faces, "counted": flags},
            )


def _training(root: Path) -> Iterator[Sample]:
    path = root / "wider_face_split" / "wider_face_train_bbx_gt.txt"
    rows = iter(lines(path, ORIGIN))
    for name in rows:
        count = next(rows, "")
        if not count.isdigit():
            raise InputError(f"{path}: {name}: expected the number of faces after it")
        # A picture without faces has one line of zeros.
        found = [numbers(path, next(rows, ""), 10) for _ in range(max(int(count), 1))]
        boxes = corners([row[:4] for row in found if row[2] > 0 and row[3] > 0 and not row[7]])
        image = picture(root / "WIDER_train" / "images" / name, ORIGIN)
        yield Sample(name, image, name, labels={"faces": boxes})


def read(root: Path, split: str) -> Iterator[Sample]:
    """Pictures of one split, event by event."""
    return _validation(root) if split == "val" else _training(root)


DATASET = Dataset("WIDER FACE", ORIGIN, ("detection",), ("val", "train"), read, subsets=SUBSETS)
