"""How sure a row can be: ``quality`` of the picture, ``confidence`` in the result.

quality: geometric mean of four shares, each 1 when fully good: size of the face (1 from 100 px
crop side on), contrast (1 from a standard deviation of 35 grey levels on), sharpness (1 from a
Laplacian variance of a quarter of the luminance variance at crop scale on) and frontality (cosine of the
angle between the face and the line of sight).

confidence: p(face) × p(mean landmark error < 10 % of the outer eye distance), the latter from the
landmarks' own predicted error under an exponential law.
"""

from __future__ import annotations

import numpy as np

from prosopon.heads.base import Context, HeadSpec, sigmoid
from prosopon.types import AnyArray, Column

GOOD_SIDE_PX = 100.0
GOOD_CONTRAST = 35.0
GOOD_SHARPNESS = 0.25
FAILURE = 0.10
# A profile's eye corners nearly coincide; the face's size then stands in for their distance.
LEAST_EYE_DISTANCE = 0.3


def _decode(context: Context) -> dict[str, AnyArray]:
    side = context.crop_size * context.pixel
    landmarks = context.columns["landmarks"]
    eyes = np.linalg.norm(landmarks[:, 36] - landmarks[:, 45], axis=1)
    extent = np.maximum(np.ptp(landmarks, axis=1).max(1), 1e-3)
    error = context.columns["landmark_sigma"].mean(1) / np.maximum(
        eyes, LEAST_EYE_DISTANCE * extent
    )
    shares = np.stack(
        [
            side / GOOD_SIDE_PX,
            context.contrast / GOOD_CONTRAST,
            context.sharpness / GOOD_SHARPNESS,
            context.columns["rotation"][:, 2, 2],
        ]
    )
    quality = np.prod(np.clip(shares, 0.01, 1), axis=0) ** 0.25
    face = sigmoid(context.outputs["face"][:, 0])
    return {
        "quality": quality.astype(np.float32),
        "confidence": (face * (1 - np.exp(-FAILURE / error))).astype(np.float32),
    }


HEAD = HeadSpec(
    inputs=("points", "points_scale", "rotation", "face"),
    columns=(
        Column("quality", (), ("quality",), "0–1", "size, contrast, sharpness and frontality"),
    ),
    decode=_decode,
)
