import pytest

torch = pytest.importorskip("torch")

from prosopon_train.model.network import FaceNetwork  # noqa: E402
from prosopon_train.wake import wake  # noqa: E402

pytestmark = pytest.mark.train


def test_dead_channels_are_woken_and_outputs_stay():
    torch.manual_seed(0)
    model = FaceNetwork(
        widths=(4, 8, 8, 8), depths=(1, 1, 1), squeeze=4, spatial=16, pooled=8, band=8,
        look=6, close=(0, 0, 0),
    )  # fmt: skip
    with torch.no_grad():
        model.told.weight.normal_(0, 0.02)
        for norm in (model.norm, model.look.norm, model.coarse[1].body[1], model.squeeze[1]):
            norm.weight[:3] = 0  # three channels that pass nothing …
            norm.bias[:3] = 0
        model.look.to_local[:, :, 2] = 0  # … and one of every landmark
    x = torch.randn(16, 1, 128, 128)
    model.train()
    before = model(x).detach()
    assert 0.05 < wake(model, [x]) < 0.5
    torch.testing.assert_close(model(x), before, atol=5e-3, rtol=0)
    features, _, _, _ = model.features(x)
    assert (features.std(0) > 0.05).all(), "every feature tells something again"
    assert wake(model, [x]) == pytest.approx(0, abs=0.02)
