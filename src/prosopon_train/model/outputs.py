"""The network's outputs: names, sizes and their places in the one output vector.

The exported pack carries this table (``[network.outputs]`` of ``pack.toml``), so that inference
never has to know the model's code.
"""

from __future__ import annotations

from prosopon_train.data.schema import AU_NAMES, AU_SIDED, EMOTIONS, N_POINTS

OUTPUT_SIZES: dict[str, int] = {
    "points": 2 * N_POINTS,  # x, y per point; unit: half the crop's side; origin: its centre
    "points_scale": N_POINTS,  # log of the Laplace scale b, same unit
    "rotation": 6,  # first two columns of the matrix
    "rotation_scale": 1,  # log of the Laplace scale of the angle, rad
    "gaze": 6,  # two vectors, not normalised
    "gaze_scale": 2,  # log of the Laplace scale of the angle, rad
    "au": len(AU_NAMES),  # intensity / 5
    "au_presence": len(AU_NAMES),  # logits
    "au_sides": 2 * len(AU_SIDED),  # right, then left; intensity / 5
    "eye_open": 2,  # logits
    "emotion": len(EMOTIONS),  # logits
    "affect": 2,  # valence, arousal before tanh
    "face": 1,  # logit
}


def output_slices() -> dict[str, slice]:
    """Name → slice of the output vector."""
    slices, start = {}, 0
    for name, size in OUTPUT_SIZES.items():
        slices[name] = slice(start, start + size)
        start += size
    return slices


OUTPUT_SLICES = output_slices()
OUTPUT_SIZE = sum(OUTPUT_SIZES.values())
