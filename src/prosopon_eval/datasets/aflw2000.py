"""AFLW2000-3D: head pose in the wild (Zhu et al., "Face Alignment Across Large Poses", CVPR 2016).

Files: imageNNNNN.jpg beside imageNNNNN.mat with ``Pose_Para`` (pitch, yaw, roll in rad, then
translation and scale) and ``pt3d_68`` (3, 68) px, in ``root`` or ``root/AFLW2000``.

Split: ``test``, 2,000 faces of which the usual protocol (Ruiz et al., CVPRW 2018) leaves out the
31 with an angle beyond ±99°. The box around the points is given. The angles are those of R =
Rx·Ry·Rz in axes x right, y up, z to the viewer; :func:`rotation` gives the same in ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prosopon.errors import InputError
from prosopon.types import AnyArray
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.datasets.files import box_around, matlab, need, picture

ORIGIN = "http://www.cbsr.ia.ac.cn/users/xiangyuzhu/projects/3DDFA/main.htm"
LIMIT = np.radians(99)
_FLIP = np.diag([1.0, -1.0, -1.0])


def rotation(pitch: float, yaw: float, roll: float) -> AnyArray:
    """(3, 3) head → camera in our axes, from the dataset's angles in rad."""
    (cx, cy, cz), (sx, sy, sz) = np.cos([pitch, yaw, roll]), np.sin([pitch, yaw, roll])
    rx = np.array([[1, 0, 0], [0, cx, sx], [0, -sx, cx]])
    ry = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    rz = np.array([[cz, sz, 0], [-sz, cz, 0], [0, 0, 1]])
    return np.asarray(_FLIP @ rx @ ry @ rz @ _FLIP)


def read(root: Path, split: str) -> Iterator[Sample]:
    """Samples in order of their names."""
    folder = root / "AFLW2000" if (root / "AFLW2000").is_dir() else need(root, ORIGIN)
    paths = sorted(folder.glob("image*.mat"))
    if not paths:
        raise InputError(f"{folder}: holds no image*.mat; get AFLW2000-3D from {ORIGIN}")
    for path in paths:
        marks = matlab(path, ORIGIN, "Pose_Para", "pt3d_68")
        angles = marks["Pose_Para"].ravel()[:3].astype(np.float64)
        if np.any(np.abs(angles) > LIMIT):
            continue
        points = marks["pt3d_68"][:2].T.astype(np.float32)
        yield Sample(
            path.stem,
            picture(path.with_suffix(".jpg"), ORIGIN),
            path.stem,
            box_around(points),
            {"rotation": rotation(*angles)},
        )


DATASET = Dataset("AFLW2000-3D", ORIGIN, ("pose",), ("test",), read)
