from __future__ import annotations

import numpy as np

from prosopon.geometry import rotation_from_euler
from prosopon_train.data.schema import AU_NAMES, AU_SIDED
from prosopon_train.teachers.gaze import frontal
from prosopon_train.teachers.label import Labels


def test_only_open_eyes_of_frontal_plausible_faces_are_asked_about() -> None:
    yaw = np.radians([0.0, 60.0, -60.0, 20.0, 0.0])
    rotation = rotation_from_euler(np.stack([0 * yaw, yaw, 0 * yaw], axis=1))
    labels = Labels(
        points=np.zeros((5, 78, 2), np.float32),
        rotation=rotation.astype(np.float32),
        au=np.zeros((5, len(AU_NAMES)), np.float32),
        au_right=np.zeros((5, len(AU_SIDED)), np.float32),
        au_left=np.zeros((5, len(AU_SIDED)), np.float32),
        eye_open=np.array([(1, 1), (1, 1), (1, 1), (1, 0.1), (1, 1)], np.float32),
        plausible=np.array([True, True, True, True, False]),
    )
    assert frontal(labels) == [True, False, False, False, False]
