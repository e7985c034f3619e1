"""Adapter of FER+ (Barsoum et al., ICMI 2016, arXiv 1608.01041): 48 px faces, ten raters each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from prosopon.types import FloatArray
from prosopon_eval.datasets.fer2013plus import CLASSES
from prosopon_train.data.photographs import Photograph, decode_luma, records
from prosopon_train.data.schema import EMOTIONS

VOTE_NAMES = (*CLASSES, "unknown", "not_a_face")
TRAIN, TEST = "Training", "PublicTest"

# Rough class means of valence and arousal, in the order of EMOTIONS (AffectNet-like; for weak
# supervision only).
AFFECT_MEANS = np.array(
    [
        (0.0, 0.0),
        (0.7, 0.2),
        (-0.6, -0.25),
        (0.2, 0.7),
        (-0.2, 0.8),
        (-0.65, 0.5),
        (-0.45, 0.55),
        (-0.5, 0.55),
    ],
    np.float32,
)


def emotion_distribution(votes: Sequence[int]) -> FloatArray | None:
    """Votes in FER+'s order as a distribution in the order of EMOTIONS.

    None where the raters' answer is "no face" (any vote) or mostly "unknown".
    """
    count = dict(zip(VOTE_NAMES, votes, strict=True))
    if count["not_a_face"] > 0 or 2 * count["unknown"] >= sum(votes):
        return None
    known = np.array([count[name] for name in EMOTIONS], np.float32)
    return np.asarray(known / known.sum(), np.float32)


def read(path: Path, *, test: bool) -> Iterator[Photograph]:
    """The photographs of Training, or of PublicTest, that raters agree to be readable faces."""
    split = TEST if test else TRAIN
    for row, record in records(path, ("image", "source", "name", "split", "votes")):
        if record["split"] != split:
            continue
        emotion = emotion_distribution(record["votes"])
        if emotion is None:
            continue
        labels = {"emotion": emotion, "affect": emotion @ AFFECT_MEANS}
        luma = decode_luma(record["image"], f"{path.name}, row {row}")
        yield Photograph(luma, row, record["source"], record["name"], record["name"], labels)
