"""BIWI Kinect Head Pose (Fanelli et al., IJCV 2013).

Files: ``hpdb/NN/frame_MMMMM_rgb.png`` beside ``frame_MMMMM_pose.txt``: the rotation head →
camera, three lines of three numbers, then the place of the head in mm. ``hpdb`` may be the root
itself or be called ``faces_0``. As in published figures, the rotation is taken as it stands,
without the small turn between the depth and the colour camera.

Splits: ``all`` 24 sequences (models that learned from 300W-LP), or by ``train`` (sequences 1–16)
and ``test`` (17–24) as in Yang et al. (FSA-Net, CVPR 2019). No box is given: the largest face is
taken. Sequences 22, 23 and 24 show people of earlier ones again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prosopon.errors import InputError
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.datasets.files import lines, numbers, picture

ORIGIN = "https://icu.ee.ethz.ch/research/datsets.html (Biwi Kinect Head Pose Database)"
FIRST_TEST = 17


def read(root: Path, split: str) -> Iterator[Sample]:
    """Samples, sequence by sequence."""
    folder = next((root / n for n in ("hpdb", "faces_0") if (root / n).is_dir()), root)
    sequences = [p for p in sorted(folder.glob("[0-9][0-9]")) if p.is_dir()]
    if not sequences:
        raise InputError(f"{folder}: holds no sequences 01, 02 …; get them from {ORIGIN}")
    for sequence in sequences:
        test = int(sequence.name) >= FIRST_TEST
        if split != "all" and test != (split == "test"):
            continue
        for path in sorted(sequence.glob("frame_*_pose.txt")):
            rows = [numbers(path, line, 3) for line in lines(path, ORIGIN)[:3]]
            image = path.with_name(path.name.replace("_pose.txt", "_rgb.png"))
            yield Sample(
                f"{sequence.name}/{image.stem}",
                picture(image, ORIGIN),
                sequence.name,
                labels={"rotation": np.array(rows)},
            )


DATASET = Dataset("BIWI", ORIGIN, ("pose",), ("all", "test", "train"), read)
