"""What a training example can say, and the shards that hold examples.

A shard is one uncompressed ``.npz`` file whose arrays share their first axis. Every example is a
luminance crop of SHARD_SIZE pixels: the network's crop with a margin around it, so that
augmentation may shift, scale and turn it without inventing pixels. The face stands upright in it
and has the size that ``prosopon.crop`` would give it: a square of side ``CROP_SCALE`` times the
larger extent of the 68 points covers the central NETWORK_SIZE pixels. All labels are in the
frame of that crop.

What a source does not say is NaN (for ``emotion``, a whole row of NaN), and is masked in the loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from prosopon.crop import CROP_SCALE
from prosopon.heads.action_units import AU_NAMES, AU_SIDED
from prosopon.heads.emotion import EMOTIONS
from prosopon.heads.landmarks import N_POINTS
from prosopon.types import AnyArray

__all__ = [
    "AU_NAMES",
    "AU_SIDED",
    "CROP_SCALE",
    "EMOTIONS",
    "FIELDS",
    "NETWORK_SIZE",
    "N_POINTS",
    "SHARD_SIZE",
    "read_shards",
    "write_shard",
]

NETWORK_SIZE = 128
SHARD_SIZE = 160

# The points: 68 iBUG points, then the pupils (subject's right, left), then the lower edges of the
# brows that WFLW has and iBUG lacks: 70–73 the right brow, inner to outer (WFLW 38 39 40 41),
# 74–77 the left brow, inner to outer (WFLW 50 49 48 47).
FIELDS: dict[str, tuple[tuple[int, ...], str]] = {
    "image": ((SHARD_SIZE, SHARD_SIZE), "uint8"),
    "points": ((N_POINTS, 2), "float32"),  # px of the shard image, (x, y)
    "visible": ((N_POINTS,), "float32"),  # 1 seen, 0 hidden, NaN unknown
    "rotation": ((3, 3), "float32"),  # head → camera
    "gaze": ((2, 3), "float32"),  # unit vectors, subject's right eye first, camera frame
    "au": ((len(AU_NAMES),), "float32"),  # intensity 0–5
    "au_right": ((len(AU_SIDED),), "float32"),
    "au_left": ((len(AU_SIDED),), "float32"),
    "au_present": ((len(AU_NAMES),), "float32"),  # 0/1 (or a probability) by people
    "eye_open": ((2,), "float32"),  # 0 shut – 1 open
    "emotion": ((len(EMOTIONS),), "float32"),  # distribution of votes
    "affect": ((2,), "float32"),  # valence, arousal
    "face": ((), "float32"),  # 1 face, 0 none
    "person": ((), "str"),
    "source": ((), "str"),
    "name": ((), "str"),
}


def write_shard(path: Path, examples: Sequence[dict[str, AnyArray | float | str]]) -> None:
    """Write examples (dicts of FIELDS; an absent field is "not said") to ``path``, atomically."""
    arrays: dict[str, AnyArray] = {}
    for name, (shape, dtype) in FIELDS.items():
        if dtype == "str":
            arrays[name] = np.array([str(e.get(name, "")) for e in examples])
            continue
        missing = np.full(shape, np.nan) if dtype == "float32" else None
        values = [e.get(name, missing) for e in examples]
        arrays[name] = np.asarray(values, dtype=dtype).reshape(len(examples), *shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    temporary.replace(path)


def read_shards(paths: Sequence[Path]) -> dict[str, npt.NDArray[np.generic]]:
    """All examples of several shards, concatenated field by field."""
    if not paths:
        raise FileNotFoundError("no shards given")
    parts = [np.load(path) for path in paths]
    return {name: np.concatenate([part[name] for part in parts]) for name in FIELDS}
