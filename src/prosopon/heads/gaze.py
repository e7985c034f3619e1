"""Eye gaze: one unit vector per eye in the camera frame, and its mean as angles.

Like head pose, gaze is told relative to the line of sight to the face: looking into the lens is
(0, 0, −1) and angles (0, 0) wherever the face stands in the picture.

``gaze_sigma`` is the error that the network expects of each eye. ``gaze_confidence`` is the
probability that the better eye's error is under 10° by an exponential law, times the openness of
the eyes, full from half open on: under a lid the direction is a guess. Gaze itself is never
changed for a blink; ``prosopon.measures.gaze`` gives it held over blinks, in columns of its own.
"""

from __future__ import annotations

import numpy as np

from prosopon.geometry import Floats, gaze_angles, rotation_z
from prosopon.heads.base import Context, HeadSpec, sigmoid
from prosopon.types import AnyArray, Column, FloatArray

RIGHT_WITHIN = np.deg2rad(10)
OPEN_ENOUGH = 0.5


def expected_error(context: Context) -> FloatArray:
    """(n, 2) rad: mean error expected of each eye; NaN where the network does not tell."""
    if "gaze_scale" not in context.outputs:
        return np.full((len(context.angles), 2), np.nan, np.float32)
    # Where this is learned, an angle is the chord of the unit circle, which is 2 at most.
    chord = np.exp(np.clip(context.outputs["gaze_scale"], -7, np.log(2)))
    return np.asarray(2 * np.arcsin(chord / 2), dtype=np.float32)


def both_eyes(vectors: Floats) -> Floats:
    """(n, 2, 3) unit vectors of the eyes → (n, 3): their mean direction."""
    mean = vectors.sum(1)
    return np.asarray(mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-9))


def head_angles(gaze: Floats, rotations: Floats) -> Floats:
    """(n, 2) yaw, pitch in rad of gaze (n, 3) relative to heads of ``rotations`` (n, 3, 3).

    Both are told in one frame, as relative to the line of sight.
    """
    return gaze_angles((gaze[:, None] @ rotations)[:, 0])


def confidence(sigma: FloatArray, eye_open: FloatArray) -> FloatArray:
    """(n,) 0–1 for expected errors (n, 2) in rad and openness (n, 2)."""
    seen = np.clip(eye_open.mean(1) / OPEN_ENOUGH, 0, 1)
    return np.asarray((1 - np.exp(-RIGHT_WITHIN / sigma.min(1))) * seen, dtype=np.float32)


def _decode(context: Context) -> dict[str, AnyArray]:
    raw = context.outputs["gaze"].reshape(-1, 2, 3)
    vectors = raw @ rotation_z(context.angles).swapaxes(1, 2)
    vectors = vectors / np.linalg.norm(vectors, axis=2, keepdims=True)
    both = both_eyes(vectors)
    sigma = expected_error(context)
    return {
        "gaze": vectors.astype(np.float32),
        "gaze_angle": gaze_angles(both).astype(np.float32),
        "gaze_head": head_angles(both, context.columns["rotation"]).astype(np.float32),
        "gaze_sigma": sigma,
        "gaze_confidence": confidence(sigma, sigmoid(context.outputs["eye_open"])),
    }


HEAD = HeadSpec(
    inputs=("points", "points_scale", "rotation", "gaze", "eye_open"),
    columns=(
        Column(
            "gaze",
            (2, 3),
            tuple(f"gaze_{eye}_{axis}" for eye in "rl" for axis in "xyz"),
            "",
            "unit gaze vectors, subject's right eye first; x right, y down, z forward",
        ),
        Column(
            "gaze_angle",
            (2,),
            ("gaze_yaw", "gaze_pitch"),
            "rad",
            "gaze of both eyes; yaw + toward image right, pitch + up, 0 into the lens",
        ),
        Column(
            "gaze_head",
            (2,),
            ("gaze_head_yaw", "gaze_head_pitch"),
            "rad",
            "gaze of both eyes relative to the head; 0 straight ahead",
        ),
        Column(
            "gaze_sigma",
            (2,),
            ("gaze_r_sigma", "gaze_l_sigma"),
            "rad",
            "expected error of each eye's gaze, subject's right eye first",
        ),
        Column(
            "gaze_confidence",
            (),
            ("gaze_confidence",),
            "0–1",
            "probability that gaze is right within 10°, less the more the eyes are shut",
        ),
    ),
    decode=_decode,
)
