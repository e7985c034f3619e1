"""Regions of the predicted uncertainty, by either law."""

from __future__ import annotations

import numpy as np
import pytest

from prosopon_eval.protocols.calibration import inside, inside_gaussian, reliability


@pytest.mark.parametrize("level", [10, 50, 90])
def test_a_gaussian_error_fills_the_gaussian_regions(level: int):
    error = np.random.default_rng(0).normal(0, 1, (200_000, 2))
    distance = np.linalg.norm(error, axis=1)
    sigma = np.full(len(distance), np.sqrt(np.pi / 2))  # the mean distance
    assert 100 * inside_gaussian(distance, sigma, level).mean() == pytest.approx(level, abs=0.5)


@pytest.mark.parametrize("level", [10, 50, 90])
def test_an_exponential_distance_fills_the_exponential_regions(level: int):
    distance = np.random.default_rng(0).exponential(2, 200_000)
    covered = inside(distance, np.full(len(distance), 2.0), level)
    assert 100 * covered.mean() == pytest.approx(level, abs=0.5)


def test_rescaling_is_told_by_either_law():
    distance = np.array([2.0, 4, 2, 8])[:, None].repeat(68, axis=1)
    fitting = np.array([True, True, False, False])
    slices = reliability(distance, np.ones_like(distance), np.arange(4), fitting)
    assert [s.figure.name for s in slices[:3]] == ["as told", "rescaled", "rescaled, Gaussian"]
    # Rescaled to 3 px, the Gaussian 50 % region ends at 2.8 px, the 90 % one at 5.1 px.
    values = {(s.group, s.figure.name): s.figure.value for s in slices}
    assert values["50 %", "rescaled, Gaussian"] == 50
    assert values["90 %", "rescaled, Gaussian"] == 50
