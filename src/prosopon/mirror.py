"""What the network says of a mirrored crop, told of the crop itself.

Right and left change places and x changes its sign. Averaged over both views, every output is
somewhat better than from one (landmarks by 3 %), at twice the cost.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from prosopon.types import AnyArray, FloatArray

# The point of the mirrored face that takes each one's place: 68 iBUG points, pupils, and the lower
# edges of the brows, as in ``prosopon.heads.landmarks``.
MIRROR_POINTS = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
    + [69, 68, 74, 75, 76, 77, 70, 71, 72, 73]
)
_SIDED = ("au_sides", "eye_open", "gaze_scale")  # the right half's values, then the left's


def mirror_map(slices: Mapping[str, slice]) -> tuple[AnyArray, FloatArray]:
    """order (width,) and sign (width,): ``sign * raw[:, order]`` turns raw outputs about."""
    width = max(where.stop for where in slices.values())
    order, sign = np.arange(width), np.ones(width, np.float32)
    for name, where in slices.items():
        order[where], sign[where] = _part(name, order[where])
    return order, sign


def _part(name: str, places: AnyArray) -> tuple[AnyArray, AnyArray | float]:
    if name in ("points", "marks"):
        pairs = places.reshape(-1, 2)
        return pairs[MIRROR_POINTS[: len(pairs)]].ravel(), np.tile([-1.0, 1.0], len(pairs))
    if name in ("points_scale", "marks_scale"):
        return places[MIRROR_POINTS[: len(places)]], 1.0
    if name == "rotation":  # the first two columns of M·R·M, M = diag(−1, 1, 1)
        return places, np.array([1.0, -1, -1, -1, 1, 1])
    if name == "gaze":
        return places.reshape(2, 3)[::-1].ravel(), np.tile([-1.0, 1, 1], 2)
    if name in _SIDED:
        return places.reshape(2, -1)[::-1].ravel(), 1.0
    return places, 1.0
