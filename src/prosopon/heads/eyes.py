"""How open each eye is."""

from __future__ import annotations

from prosopon.heads.base import Context, HeadSpec, sigmoid
from prosopon.types import AnyArray, Column


def _decode(context: Context) -> dict[str, AnyArray]:
    return {"eye_open": sigmoid(context.outputs["eye_open"])}


HEAD = HeadSpec(
    inputs=("eye_open",),
    columns=(
        Column(
            "eye_open",
            (2,),
            ("eye_open_r", "eye_open_l"),
            "0–1",
            "0 shut, 1 open; subject's right eye first",
        ),
    ),
    decode=_decode,
)
