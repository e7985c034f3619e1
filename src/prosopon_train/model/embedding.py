"""The appearance network: a small luminance crop in, a unit vector that tells people apart out.

The same plain residual trunk as the main network, at half its resolution. Where on the crop a
feature lies matters as much as that it is there (hairline, brows), so the last map is flattened.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from prosopon_train.model.layers import Residual, conv_bn

EMBEDDING_SIZE = 64
EMBEDDING_INPUT = 64
"""px, side of the crop."""
EMBEDDING_SCALE = 1.52
"""The crop's side in larger extents of the 68 points: the face with the hair about it."""


class EmbeddingNetwork(nn.Module):
    """(n, 1, 64, 64) standardised luminance → (n, EMBEDDING_SIZE), each of length 1."""

    def __init__(self, widths: tuple[int, int, int, int] = (16, 32, 64, 96)) -> None:
        super().__init__()
        layers: list[nn.Module] = [conv_bn(1, widths[0], stride=2)]
        for previous, width in pairwise(widths):
            layers += [conv_bn(previous, width, stride=2), Residual(width)]
        self.trunk = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.1))
        self.linear = nn.Linear(widths[-1] * 4 * 4, EMBEDDING_SIZE)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.normalize(self.linear(self.trunk(x)), dim=1)
