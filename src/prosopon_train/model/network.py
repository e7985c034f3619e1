"""The multitask network: one luminance crop in, every head's values out.

A plain residual trunk of dense 3×3 convolutions with ReLU (He et al., CVPR 2016), because that is
what both ONNX Runtime and bf16 training run fastest on a CPU. Batch normalisation folds into the
convolutions at export. Heads read a spatial flatten (where things are) beside a global average
(what there is) and two bands of the finer maps: an upright crop holds the eyes and brows in its
upper and the mouth in its lower half, and gaze or a pressed lip is a matter of few pixels. One
linear layer serves all heads.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from prosopon_train.model.outputs import OUTPUT_SIZE


def conv_bn(inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """Convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two 3×3 convolutions and an identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *conv_bn(width, width),
            nn.Conv2d(width, width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width),
        )
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(x + self.body(x))


class Band(nn.Module):
    """Features of some rows of a feature map, ``side`` cells wide and high."""

    def __init__(self, width: int, side: int, rows: tuple[int, int], outputs: int) -> None:
        super().__init__()
        self.first, self.end = rows
        self.body = nn.Sequential(
            conv_bn(width, 3 * width // 2, stride=2),
            conv_bn(3 * width // 2, 3 * width // 2),
            conv_bn(3 * width // 2, width // 2, kernel=1),
            nn.Flatten(),
        )
        cells = (self.end - self.first) // 2 * (side // 2)
        self.linear = nn.Linear(width // 2 * cells, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.body(x[:, :, self.first : self.end]))


class FaceNetwork(nn.Module):
    """(n, 1, 128, 128) standardised luminance → (n, OUTPUT_SIZE); see ``outputs.py``.

    widths: channels at 1/2, 1/4, 1/8 and 1/16 of the crop's side; depths: residual blocks at the
    last three of these; squeeze: channels that are flattened at 1/16; spatial, pooled, band:
    features from the flatten, the average and each band at 1/4.
    """

    def __init__(
        self,
        widths: tuple[int, int, int, int] = (16, 32, 64, 128),
        depths: tuple[int, int, int] = (1, 2, 2),
        squeeze: int = 32,
        spatial: int = 256,
        pooled: int = 128,
        band: int = 96,
    ) -> None:
        super().__init__()
        stages = []
        for previous, width, depth in zip(widths, widths[1:], depths, strict=False):
            blocks = (Residual(width) for _ in range(depth))
            stages.append(nn.Sequential(conv_bn(previous, width, stride=2), *blocks))
        self.stem = conv_bn(1, widths[0], stride=2)
        self.fine, self.middle, self.coarse = stages
        self.squeeze = conv_bn(widths[-1], squeeze, kernel=1)
        self.spatial = nn.Linear(squeeze * 8 * 8, spatial)
        self.pooled = nn.Linear(widths[-1], pooled)
        self.eyes = Band(widths[1], 32, (4, 16), band)
        self.mouth = Band(widths[1], 32, (16, 30), band)
        features = spatial + pooled + 2 * band
        self.norm = nn.BatchNorm1d(features)
        self.heads = nn.Linear(features, OUTPUT_SIZE)

    def features(self, x: Tensor) -> Tensor:
        """(n, spatial + pooled + 2·band) features that all heads read."""
        fine = self.fine(self.stem(x))
        maps = self.coarse(self.middle(fine))
        parts = [
            self.spatial(self.squeeze(maps).flatten(1)),
            self.pooled(maps.mean((2, 3))),
            self.eyes(fine),
            self.mouth(fine),
        ]
        return torch.relu(self.norm(torch.cat(parts, 1)))

    def forward(self, x: Tensor) -> Tensor:
        return self.heads(self.features(x))
