"""The multitask network: one luminance crop in, every head's values out.

A plain residual trunk of dense 3×3 convolutions with ReLU (He et al., CVPR 2016), because that is
what both ONNX Runtime and bf16 training run fastest on a CPU. Batch normalisation folds into the
convolutions at export. Heads read a spatial flatten (where things are) beside a global average
(what there is); one linear layer serves them all.
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


class FaceNetwork(nn.Module):
    """(n, 1, 128, 128) standardised luminance → (n, OUTPUT_SIZE); see ``outputs.py``.

    widths: channels at 1/2, 1/4, 1/8 and 1/16 of the crop's side; depths: residual blocks at the
    last three of these.
    """

    def __init__(
        self,
        widths: tuple[int, int, int, int] = (16, 32, 64, 128),
        depths: tuple[int, int, int] = (1, 2, 2),
        squeeze: int = 32,
        spatial: int = 256,
        pooled: int = 128,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [conv_bn(1, widths[0], stride=2)]
        for previous, width, depth in zip(widths, widths[1:], depths, strict=False):
            layers.append(conv_bn(previous, width, stride=2))
            layers.extend(Residual(width) for _ in range(depth))
        self.trunk = nn.Sequential(*layers)
        self.squeeze = conv_bn(widths[-1], squeeze, kernel=1)
        self.spatial = nn.Linear(squeeze * 8 * 8, spatial)
        self.pooled = nn.Linear(widths[-1], pooled)
        self.norm = nn.BatchNorm1d(spatial + pooled)
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.Linear(spatial + pooled, OUTPUT_SIZE)

    def features(self, x: Tensor) -> Tensor:
        """(n, spatial + pooled) features that all heads read."""
        maps = self.trunk(x)
        spatial = self.spatial(self.squeeze(maps).flatten(1))
        pooled = self.pooled(maps.mean((2, 3)))
        return torch.relu(self.norm(torch.cat([spatial, pooled], 1)))

    def forward(self, x: Tensor) -> Tensor:
        return self.heads(self.dropout(self.features(x)))
