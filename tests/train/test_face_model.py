"""prosopon_train.face_model: principal components with fixed signs."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")

from prosopon_train.face_model import components


def test_components_are_told_by_variance_about_zero():
    rng = np.random.default_rng(0)
    directions = np.linalg.qr(rng.standard_normal((210, 2)))[0].T
    weights = rng.standard_normal((4000, 2)) * [5.0, 2.0] + [3.0, 0.0]
    values = (weights @ directions).reshape(-1, 70, 3)
    found, variances, left = components(values, 2)
    assert variances == pytest.approx([34.0, 4.0], rel=0.1)  # 5² + 3², 2²
    assert left == pytest.approx(0, abs=1e-9)
    for one, other in zip(found.reshape(2, -1), directions, strict=True):
        assert abs(one @ other) == pytest.approx(1, abs=1e-2)
        assert one[np.abs(one).argmax()] > 0
