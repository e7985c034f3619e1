"""Where the eyes look, and the lids and irises that follow.

The rig's eyeball is larger (radius SCLERA_RADIUS) than a real one, so turning it by the gaze
angle would move the iris too far. Only the iris texture turns, by the angle that moves it as far
as a real eye's would: sin θ' = GAIN · sin θ.
"""

from __future__ import annotations

import numpy as np

from prosopon.types import AnyArray, FloatArray
from prosopon_train.synth.rig import SCLERA_RADIUS

IRIS_DEPTH = 1.05  # cm from the centre of a real eye to its iris
GAIN = IRIS_DEPTH / SCLERA_RADIUS
_MOST_YAW, _MOST_UP, _MOST_DOWN = 0.65, 0.4, 0.5  # rad


def sample_gaze(
    eyes: FloatArray, camera: FloatArray, rng: np.random.Generator, into_lens: float = 0.45
) -> FloatArray:
    """Unit vectors (2, 3) in the rig frame from the eyes (2, 3) to one target they both see.

    camera (3,): the lens in the rig frame. With probability ``into_lens`` the target is there,
    give or take a degree or two; what the eyes cannot reach is cut off at their limits.
    """
    middle = eyes.mean(0)
    if rng.random() < into_lens:
        target = camera + rng.normal(0, 0.02, 3) * np.linalg.norm(camera - middle)
    else:
        yaw, pitch = np.deg2rad(rng.normal(0, 16)), np.deg2rad(rng.normal(-3, 11))
        distance = np.exp(rng.uniform(np.log(25), np.log(400)))
        ahead = [np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)]
        target = middle + distance * np.array(ahead)
    return look_at(eyes, target)


def look_at(eyes: FloatArray, target: AnyArray) -> FloatArray:
    """Unit vectors (2, 3) from the eyes (2, 3) to a target (3,), within the eyes' limits."""
    vectors = np.asarray(target - eyes, np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    yaw = np.clip(np.arctan2(vectors[:, 0], vectors[:, 2]), -_MOST_YAW, _MOST_YAW)
    pitch = np.clip(np.arcsin(vectors[:, 1]), -_MOST_DOWN, _MOST_UP)
    cosine = np.cos(pitch)
    out = np.stack([np.sin(yaw) * cosine, np.sin(pitch), np.cos(yaw) * cosine], 1)
    return out.astype(np.float32)


def follow_with_lids(weights: FloatArray, gaze: FloatArray, names: dict[str, int]) -> None:
    """Add the eyeLook shapes of gaze (2, 3) to blend-shape weights, and keep lids from crossing."""
    for side, outward, vector in (("R", -1, gaze[0]), ("L", 1, gaze[1])):
        yaw, pitch = np.arctan2(vector[0], vector[2]) * outward, np.arcsin(vector[1])
        down = float(np.clip(-pitch / _MOST_DOWN, 0, 1))
        weights[names[f"eyeLookDown_{side}"]] += down
        weights[names[f"eyeLookUp_{side}"]] += float(np.clip(pitch / 0.42, 0, 1))
        weights[names[f"eyeLookOut_{side}"]] += float(np.clip(yaw / 0.6, 0, 1))
        weights[names[f"eyeLookIn_{side}"]] += float(np.clip(-yaw / 0.6, 0, 1))
        blink = names[f"eyeBlink_{side}"]
        weights[blink] = min(weights[blink], max(0.0, 1 - 0.42 * down))
        if weights[blink] > 0.5:
            weights[names[f"eyeSquint_{side}"]] *= 0.3
            weights[names[f"eyeWide_{side}"]] = 0


def iris_axis(gaze: FloatArray) -> FloatArray:
    """Direction (3,) from the eyeball's centre through the iris, for a unit gaze (3,)."""
    x, y = GAIN * gaze[0], GAIN * gaze[1]
    return np.array([x, y, np.sqrt(1 - x * x - y * y)], np.float32)


def iris_frame(axis: FloatArray) -> FloatArray:
    """Rotation (3, 3) whose columns are right, up and ``axis``: v @ frame are iris coordinates."""
    right = np.array([axis[2], 0, -axis[0]], np.float32)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(axis, right), axis], 1).astype(np.float32)
