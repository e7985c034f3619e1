"""ETH-XGaze: gaze under extreme head pose (Zhang et al., ECCV 2020).

Files: of the normalised set ``xgaze_224``: ``train_test_split.json`` (``train``, ``test``,
``test_person_specific``: names of files) and ``train/subject0000.h5`` with ``face_patch`` (n,
224, 224, 3) BGR and ``face_gaze`` (n, 2) pitch and yaw in rad.

Splits: the labels of ``test`` are not public, so figures there come from the benchmark's server;
offered are ``train`` (80 people), and for validation ``person=subject0000``, ``without=…`` or
``val``: every eighth person of train (``train-val``: the others). Labels are signed such that
pitch is positive upward and yaw toward image left. The normalised camera looks straight at the
face.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from prosopon.errors import InputError
from prosopon.types import UInt8Array
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.datasets.files import hdf5, need, unit

ORIGIN = "https://ait.ethz.ch/xgaze"
HELD_OUT = 8


def _patch(path: Path, row: int) -> Callable[[], UInt8Array]:
    def read() -> UInt8Array:
        with hdf5(path, ORIGIN) as file:
            return np.asarray(file["face_patch"][row], np.uint8)

    return read


def read(root: Path, split: str) -> Iterator[Sample]:
    """Samples, person by person."""
    listing = need(root / "train_test_split.json", ORIGIN)
    try:
        names = json.loads(listing.read_text(encoding="utf-8"))["train"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{listing}: names no 'train' files; get it again") from error
    for number, name in enumerate(sorted(names)):
        if split != "train" and (number % HELD_OUT == 0) != (split == "val"):
            continue
        path = root / "train" / name
        with hdf5(path, ORIGIN) as file:
            if "face_gaze" not in file:
                raise InputError(f"{path}: holds no face_gaze; its labels are not public")
            angles = np.asarray(file["face_gaze"])
        for row, (pitch, yaw) in enumerate(angles):
            x, y = -np.cos(pitch) * np.sin(yaw), -np.sin(pitch)
            gaze = unit((x, y, -np.cos(pitch) * np.cos(yaw)))
            person = Path(name).stem
            yield Sample(f"{person}/{row}", _patch(path, row), person, labels={"gaze": gaze})


DATASET = Dataset("ETH-XGaze", ORIGIN, ("gaze",), ("val", "train", "train-val"), read)
