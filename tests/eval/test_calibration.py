"""Regions of the predicted uncertainty."""

from __future__ import annotations

import numpy as np
import pytest

from prosopon_eval.protocols.calibration import inside


@pytest.mark.parametrize("level", [10, 50, 90])
def test_a_round_gaussian_error_fills_the_regions(level: int):
    error = np.random.default_rng(0).normal(0, 1, (200_000, 2))
    distance = np.linalg.norm(error, axis=1)
    sigma = np.full(len(distance), np.sqrt(np.pi / 2))  # the mean distance
    assert 100 * inside(distance, sigma, level).mean() == pytest.approx(level, abs=0.5)
