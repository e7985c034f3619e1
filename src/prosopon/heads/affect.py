"""Valence and arousal (Russell 1980)."""

from __future__ import annotations

import numpy as np

from prosopon.heads.base import Context, HeadSpec
from prosopon.types import AnyArray, Column


def _decode(context: Context) -> dict[str, AnyArray]:
    affect = np.tanh(context.outputs["affect"])
    return {"valence": affect[:, 0], "arousal": affect[:, 1]}


HEAD = HeadSpec(
    inputs=("affect",),
    columns=(
        Column("valence", (), ("valence",), "−1–1", "unpleasant to pleasant"),
        Column("arousal", (), ("arousal",), "−1–1", "calm to excited"),
    ),
    decode=_decode,
)
