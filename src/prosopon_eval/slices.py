"""Figures of parts of a data set: by pose, glasses, age band, or luminance of the skin.

A protocol names its attributes, one group index per row; :func:`slice_figures` does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from prosopon.types import AnyArray, UInt8Array
from prosopon_eval.metrics import bootstrap_by_group
from prosopon_eval.report import Figure, Slice

LEAST_ROWS = 10  # fewer say nothing of a group

YAW_LIMITS = (15.0, 30.0)  # degrees
_YAW_GROUPS = ("under 15°", "15 to 30°", "over 30°")
_THIRDS = ("darkest third", "middle third", "lightest third")

# Cheek between the lower lid, the nose and the jaw: least covered by hair, brows and beards.
_CHEEKS = ((41, 40, 31, 3, 2, 1), (46, 47, 35, 13, 14, 15))


@dataclass(frozen=True, slots=True)
class Attribute:
    """A division of rows: index (n,) int into ``groups``, −1 where a row's group is unknown."""

    name: str
    groups: tuple[str, ...]
    index: AnyArray

    def rows(self, chosen: AnyArray) -> Attribute:
        """The division of some of the rows."""
        return Attribute(self.name, self.groups, self.index[chosen])


def by_label(name: str, labels: Sequence[object], groups: dict[object, str]) -> Attribute:
    """Division by a label of the data set; ``groups`` gives the names, in order, by label."""
    order = {label: i for i, label in enumerate(groups)}
    return Attribute(
        name, tuple(groups.values()), np.array([order.get(label, -1) for label in labels])
    )


def yaw_bins(degrees: AnyArray) -> Attribute:
    """Division by how far the head is turned to either side, from its yaw (n,) in degrees."""
    index = np.digitize(np.abs(degrees), YAW_LIMITS)
    return Attribute("head turned", _YAW_GROUPS, np.where(np.isfinite(degrees), index, -1))


def marked_yaw(points: AnyArray) -> AnyArray:
    """Rough yaw (n,) in degrees of faces with 68 points (n, 68, 2), by no model at all.

    As the head turns, the tip of the nose leaves the middle between the outer eye corners; against
    the pose fitted to all 68 points, the shift over the corners' distance is 0.8 of the yaw's sine.
    """
    across = points[:, 45] - points[:, 36]
    width = np.linalg.norm(across, axis=1)
    middle = (points[:, 45] + points[:, 36]) / 2
    shift = ((points[:, 30] - middle) * across).sum(axis=1) / width**2
    return np.asarray(np.degrees(np.arcsin(np.clip(shift / 0.8, -1, 1))))


def skin_luminance(image: UInt8Array, points: AnyArray) -> float:
    """Mean grey level of the cheeks of the face at ``points`` (68, 2) px; NaN outside the picture.

    Light and skin tone together: a photograph does not tell the two apart.
    """
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if not np.isfinite(points).all():
        return float("nan")
    mask = np.zeros(grey.shape, dtype=np.uint8)
    for cheek in _CHEEKS:
        outline = cv2.convexHull(np.round(points[list(cheek)]).astype(np.int32))
        cv2.fillConvexPoly(mask, outline, 1)
    chosen = grey[mask == 1]
    return float(chosen.mean()) if len(chosen) else float("nan")


def luminance_thirds(values: AnyArray) -> Attribute:
    """Division of rows into thirds by mean luminance of the skin (n,)."""
    known = np.isfinite(values)
    limits = np.quantile(values[known], [1 / 3, 2 / 3]) if known.any() else np.zeros(2)
    index = np.where(known, np.digitize(values, limits), -1)
    return Attribute("luminance of skin", _THIRDS, index)


def slice_figures(
    name: str,
    unit: str,
    values: AnyArray,
    people: AnyArray,
    attributes: Sequence[Attribute],
    statistic: Callable[[AnyArray], float],
) -> tuple[Slice, ...]:
    """``statistic`` of every group's rows of ``values`` (n, …), with its interval over ``people``.

    A group with fewer than LEAST_ROWS rows is listed as not measured.
    """
    return tuple(
        Slice(
            attribute.name,
            group,
            _figure(
                name, unit, values[attribute.index == i], people[attribute.index == i], statistic
            ),
        )
        for attribute in attributes
        for i, group in enumerate(attribute.groups)
    )


def _figure(
    name: str,
    unit: str,
    values: AnyArray,
    people: AnyArray,
    statistic: Callable[[AnyArray], float],
) -> Figure:
    if len(values) < LEAST_ROWS:
        return Figure(name, float("nan"), unit, len(values))
    interval = bootstrap_by_group(values, people, statistic)
    return Figure(name, statistic(values), unit, len(values), *interval)
