import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402

from prosopon.mirror import MIRROR_POINTS  # noqa: E402
from prosopon_train.model.closeup import CloseUps, GazeTurn, steps, weigh  # noqa: E402

pytestmark = pytest.mark.train


def test_a_window_is_cut_out_bilinearly_and_beyond_the_crop_is_nothing():
    generator = torch.manual_seed(0)
    crops = torch.randn(3, 128, 128, generator=generator)
    centres = torch.rand(3, 2, generator=generator) * 2.2 - 1.1
    rows, columns = (centres[:, [i]] * 64 + 63.5 for i in (1, 0))
    found = weigh(rows + steps(20)) @ crops @ weigh(columns + steps(32)).transpose(1, 2)
    y, x = torch.meshgrid(torch.arange(20.0) - 9.5, torch.arange(32.0) - 15.5, indexing="ij")
    places = centres[:, None, None] + torch.stack([x, y], 2) / 64
    expected = F.grid_sample(crops[:, None], places, align_corners=False)[:, 0]
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_left_parts_are_seen_as_in_a_mirror():
    torch.manual_seed(0)
    close = CloseUps((4, 3, 5)).eval()
    for part in (close.eyes, close.brows, close.mouth):
        torch.nn.init.normal_(part.move.weight)
    crops, points = torch.randn(2, 1, 128, 128), torch.randn(2, 78, 2) / 4
    turned = points[:, MIRROR_POINTS] * torch.tensor([-1, 1])
    with torch.inference_mode():
        moved, seen = close(crops, points.flatten(1))
        moved_turned, seen_turned = close(crops.flip(3), turned.flatten(1))
    torch.testing.assert_close(seen_turned[:, :4], seen[:, 4:8], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(seen_turned[:, 8:11], seen[:, 11:14], atol=1e-4, rtol=1e-4)
    sides = [*range(17, 27), *range(36, 48), *range(68, 78)]
    expected = moved.view(2, 78, 2)[:, MIRROR_POINTS] * torch.tensor([-1, 1])
    found = moved_turned.view(2, 78, 2)
    torch.testing.assert_close(found[:, sides], expected[:, sides], atol=1e-4, rtol=1e-4)
    assert not torch.equal(moved.view(2, 78, 2)[:, sides], points[:, sides])
    torch.testing.assert_close(found[:, :17], turned[:, :17], msg="the jaw has no close-up")


def test_gaze_turns_alike_for_both_eyes():
    torch.manual_seed(0)
    turn = GazeTurn(5, 8).eval()
    torch.nn.init.normal_(turn.out.weight)
    eyes, rotation, gaze = torch.randn(3, 10), torch.randn(3, 6), torch.randn(3, 6)
    mirror = torch.diag(torch.tensor([-1.0, 1.0, 1.0]))
    columns = F.pad(rotation.view(3, 2, 3).transpose(1, 2), (0, 1))  # the third is not told
    turned = (mirror @ columns @ mirror)[:, :, :2].transpose(1, 2).reshape(3, 6)
    with torch.inference_mode():
        change = turn(eyes, rotation, gaze).view(3, 2, 3)
        swapped = (gaze.view(3, 2, 3) @ mirror).flip(1).reshape(3, 6)
        found = turn(eyes.view(3, 2, 5).flip(1).reshape(3, 10), turned, swapped).view(3, 2, 3)
    torch.testing.assert_close(found, (change @ mirror).flip(1), atol=1e-5, rtol=1e-5)
