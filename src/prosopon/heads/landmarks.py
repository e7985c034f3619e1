"""Landmarks in Multi-PIE/iBUG order (68), in WFLW order (98), their uncertainty, and the pupils.

The network tells 78 points: the 68, the two pupils, and the lower edges of the brows, which WFLW
has and iBUG lacks. Where a pack has an output ``marks``, it gives the 68 as people mark them, and
takes the place of the first 68 points. The 68 are then moved by the pack's constant offset: the
marks of 300-W, which every tool that learned from them follows, lie about 1 % of the face's size
right of and below what they mark. The 98 are the network's own points, plus points half-way along
the contour and the lids, put there by a Catmull–Rom spline (Catmull & Rom 1974).
"""

from __future__ import annotations

import numpy as np

from prosopon.geometry import apply_affine
from prosopon.heads.base import Context, HeadSpec
from prosopon.types import AnyArray, Column, FloatArray

N_POINTS = 78


def _wflw_map() -> FloatArray:
    """(98, 78) linear map from the network's points to WFLW's."""
    rows = np.zeros((98, N_POINTS), dtype=np.float32)

    def copy(target: int, source: int) -> None:
        rows[target, source] = 1

    def between(target: int, chain: list[int], at: int) -> None:
        """Half-way between chain[at] and chain[at + 1]."""
        last = len(chain) - 1
        for offset, weight in zip((-1, 0, 1, 2), (-1 / 16, 9 / 16, 9 / 16, -1 / 16), strict=True):
            rows[target, chain[min(max(at + offset, 0), last)]] += weight

    jaw = list(range(17))
    for i in jaw:
        copy(2 * i, i)
    for i in range(16):
        between(2 * i + 1, jaw, i)
    for i in range(5):
        copy(33 + i, 17 + i)  # right brow, upper edge
        copy(42 + i, 22 + i)  # left brow, upper edge
    for i in range(4):
        copy(38 + i, 70 + i)  # right brow, lower edge, inner to outer
        copy(50 - i, 74 + i)  # left brow, lower edge, inner to outer
    for i in range(9):
        copy(51 + i, 27 + i)
    for first, target in ((36, 60), (42, 68)):
        upper = [first, first + 1, first + 2, first + 3]
        lower = [first + 3, first + 4, first + 5, first]
        copy(target, first)
        copy(target + 1, first + 1)
        between(target + 2, upper, 1)
        copy(target + 3, first + 2)
        copy(target + 4, first + 3)
        copy(target + 5, first + 4)
        between(target + 6, lower, 1)
        copy(target + 7, first + 5)
    for i in range(20):
        copy(76 + i, 48 + i)
    copy(96, 68)
    copy(97, 69)
    return rows


WFLW_FROM_POINTS = _wflw_map()


def points_in_image(points: FloatArray, to_image: FloatArray, crop_size: int) -> FloatArray:
    """The network's ``points`` (n, 2k) → (n, k, 2) px of the image."""
    half = np.float32(crop_size / 2)
    center = np.float32((crop_size - 1) / 2)
    in_crop = points.reshape(len(points), points.shape[1] // 2, 2) * half + center
    return apply_affine(to_image, in_crop)


def _decode(context: Context) -> dict[str, AnyArray]:
    half = context.crop_size / 2
    points = points_in_image(context.outputs["points"], context.to_image, context.crop_size)
    marks, scale = points[:, :68], context.outputs["points_scale"][:, :68]
    if "marks" in context.outputs:
        marks = points_in_image(context.outputs["marks"], context.to_image, context.crop_size)
        scale = context.outputs.get("marks_scale", scale)
    sigma = np.exp(np.clip(scale, -7, 2))
    return {
        "landmarks": marks + context.mark_offset,
        "landmarks_98": WFLW_FROM_POINTS @ points,
        "landmark_sigma": sigma * (half * context.pixel)[:, None],
        "pupils": points[:, 68:70],
    }


def _planar(prefixes: tuple[str, str], count: int) -> tuple[str, ...]:
    return tuple(f"{prefix}_{i}" for prefix in prefixes for i in range(count))


HEAD = HeadSpec(
    inputs=("points", "points_scale"),
    columns=(
        Column(
            "landmarks",
            (68, 2),
            _planar(("x", "y"), 68),
            "px",
            "landmarks in Multi-PIE/iBUG order",
            decimals=2,
            planar=True,
        ),
        Column(
            "landmarks_98",
            (98, 2),
            _planar(("wflw_x", "wflw_y"), 98),
            "px",
            "landmarks in WFLW order",
            decimals=2,
            planar=True,
        ),
        Column(
            "landmark_sigma",
            (68,),
            tuple(f"sigma_{i}" for i in range(68)),
            "px",
            "expected distance of each landmark from its true place",
            decimals=2,
        ),
        Column(
            "pupils",
            (2, 2),
            ("pupil_r_x", "pupil_r_y", "pupil_l_x", "pupil_l_y"),
            "px",
            "centres of the pupils, subject's right eye first",
            decimals=2,
        ),
    ),
    decode=_decode,
)
