"""How sure a row can be: ``quality`` of the picture, ``confidence`` in the result, and ``flags``.

quality: geometric mean of five shares, ``quality_parts``, each 1 when fully good: size of the face
(1 from 100 px crop side on), contrast (1 from a standard deviation of 35 grey levels on), sharpness
(1 from a Laplacian variance of a quarter of the luminance variance at crop scale on), frontality
(cosine of the angle between the face and the line of sight) and visibility (1 up to a predicted
landmark error of 3 % of half the crop's side, then falling as it grows: what is covered can't be
placed).

flags: a share that is so low that the landmarks, measured on photographs that were made worse in
this one way, were clearly less right (the card's table "Robustness"): a face under 32 px, light at
some 12 % of what it was, a blur of 1.5 % of the face's side, a turn of more than 55°, some tenth
of the face covered. A flagged row is kept; leave it out where that error matters.

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
GOOD_ERROR = 0.03  # of half the crop's side
PARTS = ("size", "contrast", "sharpness", "frontality", "visibility")
LEAST = np.array([0.43, 0.17, 0.04, np.cos(np.deg2rad(55)), 0.5])
"""Shares under which a row is flagged: a crop of 43 px, 6 grey levels, a Laplacian variance of 1 %,
55°, a predicted landmark error of 6 % of half the crop's side."""
FLAGS = ("flag_small", "flag_flat", "flag_blurred", "flag_turned", "flag_covered")
FAILURE = 0.10
EYE_DISTANCE = 0.9  # of a frontal face, in the network's unit (half the crop's side)


def confidence(face: FloatArray, points_scale: FloatArray) -> FloatArray:
    """(n,) probability that a crop shows a face whose landmarks are right.

    face (n, 1) logits and points_scale (n, ≥68) log scales, as the network gives them.
    """
    right = 1 - np.exp(-FAILURE * EYE_DISTANCE / _landmark_error(points_scale))
    return np.asarray(sigmoid(face[:, 0]) * right, dtype=np.float32)


def _landmark_error(points_scale: FloatArray) -> FloatArray:
    """(n,) predicted mean error of the landmarks, in half sides of the crop."""
    return np.asarray(np.exp(np.clip(points_scale[:, :68], -7, 2)).mean(1))


def _decode(context: Context) -> dict[str, AnyArray]:
    side = context.crop_size * context.pixel
    shares = [
        side / GOOD_SIDE_PX,
        context.contrast / GOOD_CONTRAST,
        context.sharpness / GOOD_SHARPNESS,
        context.columns["rotation"][:, 2, 2],
        GOOD_ERROR / _landmark_error(context.outputs["points_scale"]),
    ]
    parts = np.clip(np.stack(shares, axis=1), 0, 1)
    quality = np.prod(np.maximum(parts, 0.01), axis=1) ** (1 / len(shares))
    return {
        "quality": quality.astype(np.float32),
        "quality_parts": parts.astype(np.float32),
        "flags": (parts < LEAST).astype(np.int8),
        "confidence": confidence(context.outputs["face"], context.outputs["points_scale"]),
    }


HEAD = HeadSpec(
    inputs=("points", "points_scale", "rotation", "face"),
    columns=(
        Column("quality", (), ("quality",), "0–1", "geometric mean of the quality_parts"),
        Column(
            "quality_parts",
            (len(PARTS),),
            tuple(f"quality_{part}" for part in PARTS),
            "0–1",
            "how good the picture of the face is in each respect; 1 fully",
        ),
        Column(
            "flags",
            (len(FLAGS),),
            FLAGS,
            "",
            "1 where that part of the quality is too low to trust the row",
            "int8",
            0,
        ),
    ),
    decode=_decode,
)
