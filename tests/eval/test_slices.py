"""Division of rows into groups, and figures of each."""

from __future__ import annotations

import numpy as np
import pytest

from prosopon_eval.slices import (
    Attribute,
    by_label,
    luminance_thirds,
    marked_yaw,
    skin_luminance,
    slice_figures,
    yaw_bins,
)


def mean(values: np.ndarray) -> float:
    return float(values.mean())


def test_label_groups_keep_their_order_and_leave_out_the_unknown():
    attribute = by_label("glasses", [1, 0, None, 7], {0: "none", 1: "worn"})
    assert attribute.groups == ("none", "worn")
    assert attribute.index.tolist() == [1, 0, -1, -1]
    assert attribute.rows(np.array([True, False, True, False])).index.tolist() == [1, -1]


def test_yaw_counts_to_either_side():
    assert yaw_bins(np.array([0, -14, 16, -31, np.nan])).index.tolist() == [0, 0, 1, 2, -1]


def test_luminance_thirds():
    assert luminance_thirds(np.array([10, 200, 90, np.nan])).index.tolist() == [0, 2, 1, -1]
    assert luminance_thirds(np.full(2, np.nan)).index.tolist() == [-1, -1]


@pytest.mark.parametrize(("shift", "degrees"), [(0, 0), (0.4, 30), (-0.4, -30), (2, 90)])
def test_yaw_of_marked_points(shift: float, degrees: float):
    points = np.zeros((1, 68, 2))
    points[0, 36], points[0, 45], points[0, 30] = (0, 0), (100, 0), (50 + 100 * shift, 40)
    assert marked_yaw(points) == pytest.approx(degrees)


def test_skin_luminance_is_of_the_cheeks():
    points = np.zeros((68, 2))
    for x, cheek in ((0, (41, 40, 31, 3, 2, 1)), (30, (46, 47, 35, 13, 14, 15))):
        points[list(cheek)] = np.array([(0, 0), (5, 0), (9, 0), (9, 9), (5, 9), (0, 9)]) + (x, 0)
    image = np.full((10, 40), 255, np.uint8)
    image[:, :10], image[:, 30:] = 20, 60
    assert skin_luminance(image, points) == 40
    assert skin_luminance(np.dstack([image] * 3), points) == 40
    assert np.isnan(skin_luminance(image, points + 100))
    assert np.isnan(skin_luminance(image, np.full((68, 2), np.nan)))


def test_figures_of_groups():
    attribute = Attribute("a", ("x", "y"), np.array([0] * 12 + [1] * 3 + [-1]))
    values = np.arange(16.0)
    x, y = slice_figures("m", "%", values, np.arange(16), (attribute,), mean)
    assert (x.attribute, x.group, x.figure.name, x.figure.n) == ("a", "x", "m", 12)
    assert x.figure.value == 5.5
    assert x.figure.low < 5.5 < x.figure.high
    assert np.isnan(y.figure.value)
    assert y.figure.n == 3
