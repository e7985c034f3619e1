"""Facial action units (FACS; Ekman, Friesen & Hager 2002): intensity, presence, and sides."""

from __future__ import annotations

import numpy as np

from prosopon.heads.base import Context, HeadSpec, sigmoid
from prosopon.types import AnyArray, Column

AU_NAMES = tuple(
    "AU01 AU02 AU04 AU05 AU06 AU07 AU09 AU10 AU12 AU14 AU15 "
    "AU17 AU18 AU20 AU22 AU23 AU24 AU25 AU26 AU28 AU45".split()
)
AU_SIDED = tuple("AU01 AU02 AU04 AU05 AU06 AU07 AU09 AU10 AU12 AU14 AU15 AU20 AU45".split())


def _decode(context: Context) -> dict[str, AnyArray]:
    sides = np.clip(context.outputs["au_sides"] * np.float32(5), 0, 5)
    return {
        "au": np.clip(context.outputs["au"] * np.float32(5), 0, 5),
        "au_presence": sigmoid(context.outputs["au_presence"]),
        "au_right": sides[:, : len(AU_SIDED)],
        "au_left": sides[:, len(AU_SIDED) :],
    }


def _named(suffix: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name + suffix for name in names)


HEAD = HeadSpec(
    inputs=("au", "au_presence", "au_sides"),
    columns=(
        Column("au", (len(AU_NAMES),), AU_NAMES, "0–5", "intensity of each action unit"),
        Column(
            "au_presence",
            (len(AU_NAMES),),
            _named("_p", AU_NAMES),
            "0–1",
            "probability that the unit is active",
        ),
        Column(
            "au_right",
            (len(AU_SIDED),),
            _named("_right", AU_SIDED),
            "0–5",
            "intensity on the subject's right side",
        ),
        Column(
            "au_left",
            (len(AU_SIDED),),
            _named("_left", AU_SIDED),
            "0–5",
            "intensity on the subject's left side",
        ),
    ),
    decode=_decode,
)
