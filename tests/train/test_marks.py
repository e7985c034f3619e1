import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")

from prosopon_train.data.augment import MIRROR_POINTS  # noqa: E402
from prosopon_train.marks import add_marks, choose_ridge, fit, mean_error  # noqa: E402
from prosopon_train.model.network import FaceNetwork  # noqa: E402
from prosopon_train.model.outputs import OUTPUT_SLICES  # noqa: E402

pytestmark = pytest.mark.train
RNG = np.random.default_rng(0)
SMALL = {
    "widths": (4, 8, 8, 8),
    "depths": (0, 0, 0),
    "squeeze": 4,
    "spatial": 16,
    "pooled": 8,
    "band": 8,
}


def faces(n):
    """(n, 78, 2): a symmetric face with some noise."""
    half = RNG.normal(size=(78, 2)) * 0.4
    half = (half + half[MIRROR_POINTS] * [-1, 1]) / 2
    half[36], half[45] = [-0.5, -0.2], [0.5, -0.2]
    return half + RNG.normal(0, 0.05, (n, 78, 2))


def test_fit_recovers_a_linear_difference():
    points = faces(400)
    targets = points[:, :68] * [1.1, 1.05] + [0, 0.02]
    before = mean_error(points, targets, np.zeros((156, 136)), np.zeros(136))
    fitted = fit(points[:300], targets[:300], 1e-6)
    assert mean_error(points[300:], targets[300:], *fitted) < 0.02 * before
    assert choose_ridge(points, targets) == 1e-7


def test_fit_can_learn_no_side():
    points = faces(400)
    weights, bias = fit(points, points[:, :68] + [0.05, 0], 1e-4)
    moved = (points.reshape(400, -1) @ weights + bias).reshape(400, 68, 2)
    assert abs(moved[:, :, 0].mean()) < 0.01


def test_the_network_gives_the_mapped_points_as_well():
    model = FaceNetwork(**SMALL).eval()
    x = torch.randn(2, 1, 128, 128)
    with torch.inference_mode():
        before = model(x).numpy()
    weights, bias = RNG.normal(0, 0.1, (156, 136)), RNG.normal(0, 0.1, 136)
    factors = np.linspace(1, 2, 68)
    add_marks(model, weights, bias, factors)
    with torch.inference_mode():
        after = model(x).numpy()
    expected = before[:, :136] + before[:, :156] @ weights + bias
    old = before.shape[1]
    np.testing.assert_allclose(after[:, old : old + 136], expected, atol=1e-4)
    np.testing.assert_allclose(after[:, :old], before, atol=1e-6)
    scales = before[:, OUTPUT_SLICES["points_scale"]][:, :68]
    np.testing.assert_allclose(after[:, old + 136 :], scales + np.log(factors), atol=1e-5)
