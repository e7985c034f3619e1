"""RetinaFace with MobileNet-0.25, as in ``Alignment_RetinaFace.pth``.

Deng et al., "RetinaFace: Single-stage Dense Face Localisation in the Wild", CVPR 2020; context
modules from Najibi et al., "SSH", ICCV 2017.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.1  # of the leaky ReLU, everywhere
WIDTH = 64  # channels of the pyramid
ANCHORS = 2  # prior boxes of a cell


def _convolution(
    inputs: int, outputs: int, kernel: int = 3, stride: int = 1, active: bool = True
) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    if active:
        layers.append(nn.LeakyReLU(SLOPE))
    return nn.Sequential(*layers)


def _separable(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        nn.LeakyReLU(SLOPE),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(SLOPE),
    )


class _Body(nn.Module):
    """(n, 3, h, w) → maps of 64, 128 and 256 channels at strides 8, 16 and 32."""

    def __init__(self) -> None:
        super().__init__()
        self.stage1 = nn.Sequential(
            _convolution(3, 8, stride=2),
            _separable(8, 16),
            _separable(16, 32, 2),
            _separable(32, 32),
            _separable(32, 64, 2),
            _separable(64, 64),
        )
        self.stage2 = nn.Sequential(
            _separable(64, 128, 2), *(_separable(128, 128) for _ in range(5))
        )
        self.stage3 = nn.Sequential(_separable(128, 256, 2), _separable(256, 256))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        fine = self.stage1(x)
        middle = self.stage2(fine)
        return fine, middle, self.stage3(middle)


class _Pyramid(nn.Module):
    """Brings the maps to one width and adds each coarser one to the next finer."""

    def __init__(self) -> None:
        super().__init__()
        self.output1 = _convolution(64, WIDTH, 1)
        self.output2 = _convolution(128, WIDTH, 1)
        self.output3 = _convolution(256, WIDTH, 1)
        self.merge1 = _convolution(WIDTH, WIDTH)
        self.merge2 = _convolution(WIDTH, WIDTH)

    def forward(self, maps: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        coarse = self.output3(maps[2])
        middle = self.output2(maps[1])
        middle = self.merge2(middle + F.interpolate(coarse, size=middle.shape[2:]))
        fine = self.output1(maps[0])
        fine = self.merge1(fine + F.interpolate(middle, size=fine.shape[2:]))
        return fine, middle, coarse


class _Context(nn.Module):
    """Three receptive fields side by side."""

    def __init__(self) -> None:
        super().__init__()
        quarter = WIDTH // 4
        self.conv3X3 = _convolution(WIDTH, WIDTH // 2, active=False)
        self.conv5X5_1 = _convolution(WIDTH, quarter)
        self.conv5X5_2 = _convolution(quarter, quarter, active=False)
        self.conv7X7_2 = _convolution(quarter, quarter)
        self.conv7x7_3 = _convolution(quarter, quarter, active=False)

    def forward(self, x: Tensor) -> Tensor:
        wide = self.conv5X5_1(x)
        parts = [self.conv3X3(x), self.conv5X5_2(wide), self.conv7x7_3(self.conv7X7_2(wide))]
        return torch.relu(torch.cat(parts, dim=1))


class _Head(nn.Module):
    """``size`` numbers for each prior box, in the order rows, columns, anchors."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.conv1x1 = nn.Conv2d(WIDTH, ANCHORS * size, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv1x1(x).permute(0, 2, 3, 1).reshape(x.shape[0], -1, self.size)


class RetinaFace(nn.Module):
    """Pictures (n, 3, h, w), BGR less (104, 117, 123) → (n, priors, 15).

    The 15: box offsets (4), probability of a face, offsets of the five points (10), for the prior
    boxes of strides 8, 16 and 32 in turn.
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = _Body()
        self.fpn = _Pyramid()
        self.ssh1, self.ssh2, self.ssh3 = _Context(), _Context(), _Context()
        self.ClassHead = nn.ModuleList(_Head(2) for _ in range(3))
        self.BboxHead = nn.ModuleList(_Head(4) for _ in range(3))
        self.LandmarkHead = nn.ModuleList(_Head(10) for _ in range(3))

    def forward(self, pictures: Tensor) -> Tensor:
        fine, middle, coarse = self.fpn(self.body(pictures))
        maps = [self.ssh1(fine), self.ssh2(middle), self.ssh3(coarse)]

        def told(heads: nn.ModuleList) -> Tensor:
            return torch.cat([head(x) for head, x in zip(heads, maps, strict=True)], dim=1)

        scores = told(self.ClassHead).softmax(-1)[:, :, 1:]
        return torch.cat([told(self.BboxHead), scores, told(self.LandmarkHead)], dim=2)
