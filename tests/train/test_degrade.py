"""What worsens training pictures keeps their shape, and repeats with its seed."""

from __future__ import annotations

import numpy as np
import pytest

from prosopon_train.data.degrade import degrade_crop, degrade_picture, relight

pytestmark = pytest.mark.train


@pytest.mark.parametrize("worsen", [degrade_crop, degrade_picture, relight])
def test_shape_stays_and_seeds_repeat(worsen):
    image = np.random.default_rng(0).integers(0, 255, (128, 120)).astype(np.uint8)
    changed = 0
    for seed in range(20):
        once, again = (worsen(image.copy(), np.random.default_rng(seed)) for _ in range(2))
        assert once.shape == image.shape
        assert once.dtype == np.uint8
        np.testing.assert_array_equal(once, again)
        changed += bool((once != image).any())
    assert changed > 5
