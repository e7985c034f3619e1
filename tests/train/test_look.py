import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402

from prosopon_train.model.look import Look, read  # noqa: E402
from prosopon_train.model.network import FaceNetwork  # noqa: E402
from prosopon_train.model.outputs import OUTPUT_SIZE, OUTPUT_SLICES  # noqa: E402
from prosopon_train.restore import grow  # noqa: E402

pytestmark = pytest.mark.train
SMALL = {
    **{"widths": (4, 8, 8, 8), "depths": (0, 0, 0), "squeeze": 4},
    **{"spatial": 16, "pooled": 8, "band": 8},
}


@pytest.mark.parametrize("reach", [0, 1])
def test_reading_is_bilinear_and_the_border_goes_on(reach):
    generator = torch.manual_seed(0)
    values = torch.randn(3, 5, 16, 16, generator=generator)
    points = torch.rand(3, 78, 2, generator=generator) * 2.4 - 1.2
    steps = torch.arange(-reach, reach + 1.0)
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    around = torch.stack([x, y], 2).view(-1, 2) * 2 / 16
    expected = F.grid_sample(
        values, points[:, :, None] + around, padding_mode="border", align_corners=False
    )
    found = read(values, points, (5, 16, reach))
    torch.testing.assert_close(found, expected.permute(0, 2, 3, 1).flatten(2))


def test_an_untrained_look_moves_nothing_and_follows_a_shift():
    torch.manual_seed(0)
    look = Look(6, ((4, 32, 1),), 10).eval()
    features, values = torch.randn(2, 6), torch.randn(2, 4, 32, 32)
    with torch.inference_mode():
        first, points, seen, _ = look(features, (values,))
        torch.testing.assert_close(first, look.first(features))
        torch.testing.assert_close(points, first)
        look.first.weight.zero_()  # all landmarks at one place …
        look.first.bias.view(-1, 2)[:] = torch.tensor([0.25, -0.125])
        _, _, seen, local = look(features, (values,))
        look.first.bias.view(-1, 2)[:] += torch.tensor([2 / 32, 4 / 32])
        # … and the picture with it
        _, _, moved, moved_local = look(features, (values.roll((2, 1), (2, 3)),))
    torch.testing.assert_close(moved, seen)
    torch.testing.assert_close(moved_local, local)


def test_landmarks_stay_exact_under_autocast():
    torch.manual_seed(0)
    model = FaceNetwork(**SMALL, look=6).eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        features, points, told, guesses = model.features(torch.randn(2, 1, 128, 128))
        outputs = model.decide(features, points, told, guesses)
    assert points.dtype == outputs.dtype == torch.float32


def test_a_grown_network_computes_the_same_and_learns_more():
    torch.manual_seed(0)
    small = FaceNetwork(**SMALL, look=0).eval()
    large = grow(small, {**SMALL, "depths": (1, 0, 1), "look": 12, "close": (4, 4, 4)}).eval()
    x = torch.randn(4, 1, 128, 128)
    outputs = large(x)
    torch.testing.assert_close(outputs, small(x))
    outputs[:, OUTPUT_SLICES["points"]].square().sum().backward()
    assert large.look is not None
    assert large.look.to_move.grad.abs().max() > 0
    assert large.look.first.weight.grad.abs().max() > 0
    outputs = large(x)
    outputs[:, OUTPUT_SLICES["eye_open"]].square().sum().backward()
    assert large.told is not None
    assert large.told.weight.grad.abs().max() > 0
    assert large.heads.weight.grad[:, -large.close.features :].abs().max() > 0


def test_guesses_come_behind_the_outputs_in_training_alone():
    torch.manual_seed(0)
    model = FaceNetwork(**SMALL, look=6, close=(4, 4, 4)).eval()
    x = torch.randn(2, 1, 128, 128)
    with torch.inference_mode():
        outputs = model(x)
        model.guess = True
        more = model(x)
    assert outputs.shape == (2, OUTPUT_SIZE)
    assert more.shape == (2, OUTPUT_SIZE + 2 * 156)
    torch.testing.assert_close(more[:, :OUTPUT_SIZE], outputs)
