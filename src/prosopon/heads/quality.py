"""How sure a row can be: ``quality`` of the picture, ``confidence`` in the result.

quality: geometric mean of four shares, each 1 when fully good: size of the face (1 from 100 px
crop side on), contrast (1 from a standard deviation of 35 grey levels on), sharpness (1 from a
Laplacian variance of a quarter of the luminance variance at crop scale on) and frontality (cosine
of the angle between the face and the line of sight).

confidence: p(face) × p(mean landmark error < 10 % of the outer eye distance), the latter from the
landmarks' own predicted error under an exponential law, for the eye distance of a frontal face.
It is also the score by which faces are admitted, followed and given up.
"""

from __future__ import annotations

import numpy as np

from prosopon.heads.base import Context, HeadSpec, sigmoid
from prosopon.types import AnyArray, Column, FloatArray

GOOD_SIDE_PX = 100.0
GOOD_CONTRAST = 35.0
GOOD_SHARPNESS = 0.25
FAILURE = 0.10
EYE_DISTANCE = 0.9  # of a frontal face, in the network's unit (half the crop's side)


def confidence(face: FloatArray, points_scale: FloatArray) -> FloatArray:
    """(n,) probability that a crop shows a face whose landmarks are right.

    face (n, 1) logits and points_scale (n, ≥68) log scales, as the network gives them.
    """
    error = np.exp(np.clip(points_scale[:, :68], -7, 2)).mean(1)
    right = 1 - np.exp(-FAILURE * EYE_DISTANCE / error)
    return np.asarray(sigmoid(face[:, 0]) * right, dtype=np.float32)


def _decode(context: Context) -> dict[str, AnyArray]:
    side = context.crop_size * context.pixel
    shares = np.stack(
        [
            side / GOOD_SIDE_PX,
            context.contrast / GOOD_CONTRAST,
            context.sharpness / GOOD_SHARPNESS,
            context.columns["rotation"][:, 2, 2],
        ]
    )
    quality = np.prod(np.clip(shares, 0.01, 1), axis=0) ** 0.25
    return {
        "quality": quality.astype(np.float32),
        "confidence": confidence(context.outputs["face"], context.outputs["points_scale"]),
    }


HEAD = HeadSpec(
    inputs=("points", "points_scale", "rotation", "face"),
    columns=(
        Column("quality", (), ("quality",), "0–1", "size, contrast, sharpness and frontality"),
    ),
    decode=_decode,
)
