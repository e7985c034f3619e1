"""Probabilities of the eight expression categories."""

from __future__ import annotations

import numpy as np

from prosopon.heads.base import Context, HeadSpec
from prosopon.types import AnyArray, Column

EMOTIONS = tuple("neutral happiness sadness surprise fear disgust anger contempt".split())


def _decode(context: Context) -> dict[str, AnyArray]:
    logits = context.outputs["emotion"]
    exponentials = np.exp(logits - logits.max(1, keepdims=True, initial=-np.inf))
    return {"emotion": exponentials / exponentials.sum(1, keepdims=True)}


HEAD = HeadSpec(
    inputs=("emotion",),
    columns=(
        Column(
            "emotion",
            (len(EMOTIONS),),
            tuple(f"emotion_{name}" for name in EMOTIONS),
            "0–1",
            "share of raters expected to name this expression; the eight sum to 1",
        ),
    ),
    decode=_decode,
)
