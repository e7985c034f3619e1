"""Gaze360: gaze from all around, indoors and out (Kellnhofer et al., ICCV 2019).

Files: ``metadata.mat`` (``recordings``, ``recording``, ``frame``, ``person_identity``,
``person_face_bbox``, ``gaze_dir``, ``split``: 0 train, 1 val, 2 test, 3 unused) and head crops
``imgs/RECORDING/head/PPPPPP/FFFFFF.jpg``.

Splits: ``faces``, the test rows where a face was detected (the protocol of L2CS and others, about
16,000); ``front180``, test rows within 90° of the camera; ``test``, all 25,969; ``val``;
``train``, its rows with a face. ``gaze_dir`` is in axes x left, y up, z away as the camera sees
them. The camera looks straight at each head, so its camera frame is each head's own. No box is
given beyond the head crop.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.datasets.files import matlab, picture, unit

ORIGIN = "http://gaze360.csail.mit.edu"
SPLIT = {"faces": 2, "front180": 2, "test": 2, "val": 1, "train": 0}
FIELDS = ("recordings", "recording", "frame", "person_identity", "gaze_dir", "split")


def read(root: Path, split: str) -> Iterator[Sample]:
    """Samples of one split, in the order of the metadata."""
    data = matlab(root / "metadata.mat", ORIGIN, *FIELDS, "person_face_bbox")
    names = [str(np.ravel(cell)[0]).strip() for cell in data["recordings"].ravel()]
    index = {key: data[key].ravel() for key in ("recording", "frame", "person_identity", "split")}
    chosen = index["split"] == SPLIT[split]
    if split in ("faces", "train"):
        chosen &= data["person_face_bbox"][:, 0] >= 0
    if split == "front180":
        chosen &= data["gaze_dir"][:, 2] < 0
    for i in np.flatnonzero(chosen):
        recording, person = names[index["recording"][i]], int(index["person_identity"][i])
        place = f"{recording}/head/{person:06}/{int(index['frame'][i]):06}"
        x, y, z = data["gaze_dir"][i]
        yield Sample(
            place,
            picture(root / "imgs" / f"{place}.jpg", ORIGIN),
            f"{recording}/{person}",
            labels={"gaze": unit((-x, -y, z))},
        )


DATASET = Dataset("Gaze360", ORIGIN, ("gaze",), tuple(SPLIT), read)
