"""Layers that several networks are made of."""

from __future__ import annotations

from torch import Tensor, nn


def conv_bn(inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """Convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def keep_statistics(model: nn.Module) -> None:
    """Let batch norms take the statistics that they have, as in use, though ``model`` trains."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.eval()


class Residual(nn.Module):
    """Two 3×3 convolutions and an identity; that alone, until it is trained."""

    def __init__(self, width: int) -> None:
        super().__init__()
        last = nn.BatchNorm2d(width)
        self.body = nn.Sequential(
            *conv_bn(width, width), nn.Conv2d(width, width, 3, 1, 1, bias=False), last
        )
        nn.init.zeros_(last.weight)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(x + self.body(x))
