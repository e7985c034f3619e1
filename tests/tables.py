"""A schema with every column of the contract, and plausible rows of it."""

from __future__ import annotations

import numpy as np

from prosopon.types import FRAME_COLUMNS, AnyArray, Column, FaceTable

UNITS = tuple(
    f"AU{n:02d}"
    for n in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 18, 20, 22, 23, 24, 25, 26, 28, 45)
)
EMOTIONS = (
    *("neutral", "happiness", "sadness", "surprise"),
    *("fear", "disgust", "anger", "contempt"),
)


def _points(prefix: str, count: int) -> tuple[str, ...]:
    return tuple(f"{prefix}{axis}_{i}" for axis in "xy" for i in range(count))


SCHEMA: tuple[Column, ...] = (
    *FRAME_COLUMNS,
    Column("landmarks", (68, 2), _points("", 68), "px", "points", decimals=3, planar=True),
    Column("landmarks_98", (98, 2), _points("w", 98), "px", "points", decimals=3, planar=True),
    Column("landmark_sigma", (68,), tuple(f"sigma_{i}" for i in range(68)), "px", "deviation"),
    Column("pupils", (2, 2), ("pupil_r_x", "pupil_r_y", "pupil_l_x", "pupil_l_y"), "px", "pupils"),
    Column("pose_r", (3,), ("pose_rx", "pose_ry", "pose_rz"), "rad", "rotation vector"),
    Column("pose_euler", (3,), ("pose_pitch", "pose_yaw", "pose_roll"), "rad", "angles"),
    Column("pose_t", (3,), ("pose_tx", "pose_ty", "pose_tz"), "mm", "translation", decimals=1),
    Column("gaze", (2, 3), tuple(f"gaze_{e}_{a}" for e in "rl" for a in "xyz"), "", "gaze"),
    Column("gaze_angle", (2,), ("gaze_yaw", "gaze_pitch"), "rad", "gaze"),
    Column("gaze_head", (2,), ("gaze_head_yaw", "gaze_head_pitch"), "rad", "gaze"),
    Column("eye_open", (2,), ("eye_open_r", "eye_open_l"), "0-1", "openness"),
    Column("au", (21,), UNITS, "0-5", "intensity"),
    Column("au_presence", (21,), tuple(f"{unit}_p" for unit in UNITS), "0-1", "probability"),
    Column("au_right", (13,), tuple(f"{unit}_r" for unit in UNITS[:13]), "0-5", "right half"),
    Column("au_left", (13,), tuple(f"{unit}_l" for unit in UNITS[:13]), "0-5", "left half"),
    Column("emotion", (8,), tuple(f"emotion_{name}" for name in EMOTIONS), "0-1", "probability"),
    Column("valence", (), ("valence",), "-1-1", "pleasant"),
    Column("arousal", (), ("arousal",), "-1-1", "excited"),
    Column("quality", (), ("quality",), "0-1", "quality"),
)

SMALL: tuple[Column, ...] = (
    Column("frame", (), ("frame",), "", "index", "int64", 0),
    Column("time", (), ("time",), "s", "time", "float64", 6),
    Column("points", (2, 2), ("x_0", "x_1", "y_0", "y_1"), "px", "dots", decimals=1, planar=True),
    Column("au", (2,), ("AU01", "AU02"), "0-5", "intensity", decimals=2),
)


def small_table() -> FaceTable:
    """Two rows of SMALL; the second was not measured in part."""
    nan = np.nan
    return FaceTable(
        SMALL,
        {
            "frame": np.array([0, 7]),
            "time": np.array([0.0, 0.2919583]),
            "points": np.array([[[1, 2], [3, 4.25]], [[nan, nan], [nan, nan]]], np.float32),
            "au": np.array([[0.125, 5], [nan, 0.1]], np.float32),
        },
    )


def face_table(box: tuple[float, float, float, float] = (60, 40, 180, 200)) -> FaceTable:
    """One face of SCHEMA, smiling and looking to image right, that fills ``box``."""
    data: dict[str, AnyArray] = {column.name: column.empty(1) for column in SCHEMA}
    x0, y0, x1, y1 = box
    angle = np.linspace(np.pi, 0, 17)
    jaw = np.stack([0.5 + 0.5 * np.cos(angle), 0.35 + 0.65 * np.sin(angle)], 1)
    eye = np.stack([np.cos(np.arange(6)), np.sin(np.arange(6)) * 0.4], 1) * 0.09
    mouth = np.stack([np.cos(np.arange(20) / 3.2), 0.5 * np.sin(np.arange(20) / 3.2)], 1) * 0.2
    brow = np.stack([np.linspace(-0.14, 0.14, 5), np.zeros(5)], 1)
    nose = np.stack([np.full(9, 0.5), np.linspace(0.38, 0.62, 9)], 1)
    parts = [jaw, brow + (0.28, 0.27), brow + (0.72, 0.27), nose]
    parts += [eye + (0.3, 0.38), eye + (0.7, 0.38), mouth + (0.5, 0.78)]
    data["landmarks"][0] = np.concatenate(parts) * (x1 - x0, y1 - y0) + (x0, y0)
    data["pupils"][0] = np.array([[0.3, 0.38], [0.7, 0.38]]) * (x1 - x0, y1 - y0) + (x0, y0)
    data["box"][0] = box
    data["success"][0] = 1
    data["confidence"][0] = 0.97
    data["pose_r"][0] = (0.1, -0.35, 0.05)
    data["gaze"][0] = (0.35, 0.1, -0.93)
    data["au"][0] = np.linspace(0, 1.5, 21)
    data["au"][0, [4, 8]] = (3.1, 4.2)
    data["emotion"][0] = (0.1, 0.82, *[0.08 / 6] * 6)
    return FaceTable(SCHEMA, data)
