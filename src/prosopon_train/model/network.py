"""The multitask network: one luminance crop in, every head's values out.

A plain residual trunk of dense 3×3 convolutions with ReLU (He et al., CVPR 2016), because that is
what both ONNX Runtime and bf16 training run fastest on a CPU. Batch normalisation folds into the
convolutions at export. First features come from a spatial flatten (where things are), a global
average (what there is) and two bands of the finer maps: an upright crop holds the eyes and brows
in its upper and the mouth in its lower half. They tell first landmarks, and at these a second look
(``look.py``) is taken. One linear layer on all features serves all heads.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from prosopon_train.data.schema import N_POINTS
from prosopon_train.model.layers import Residual, conv_bn
from prosopon_train.model.look import Look
from prosopon_train.model.outputs import OUTPUT_SIZE, OUTPUT_SLICES

_POINTS = OUTPUT_SLICES["points"]  # the first outputs
_REST = slice(_POINTS.stop, OUTPUT_SIZE)


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
    last three of these; squeeze: channels that are flattened at 1/16; spatial, pooled, band, look:
    features from the flatten, the average, each band at 1/4 and the second look (0: none is taken).
    """

    def __init__(
        self,
        widths: tuple[int, int, int, int] = (16, 32, 64, 128),
        depths: tuple[int, int, int] = (1, 2, 3),
        squeeze: int = 32,
        spatial: int = 256,
        pooled: int = 128,
        band: int = 96,
        look: int = 192,
    ) -> None:
        super().__init__()
        self.arguments = {
            **{"widths": tuple(widths), "depths": tuple(depths), "squeeze": squeeze},
            **{"spatial": spatial, "pooled": pooled, "band": band, "look": look},
        }
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
        self.look: Look | None = None
        if look:
            self.look = Look(features, ((widths[1], 32, 1), (widths[2], 16, 0)), look)
        self.heads = nn.Linear(features + look, OUTPUT_SIZE)
        self.marks: nn.Linear | None = None  # see ``prosopon_train.marks``

    def forward(self, x: Tensor) -> Tensor:
        return self.decide(*self.features(x))

    def features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What the last layer reads (n, f), and the landmarks (n, 2·N_POINTS) that it corrects."""
        fine = self.fine(self.stem(x))
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        parts = [
            self.spatial(self.squeeze(coarse).flatten(1)),
            self.pooled(coarse.mean((2, 3))),
            self.eyes(fine),
            self.mouth(fine),
        ]
        features = torch.relu(self.norm(torch.cat(parts, 1)))
        if self.look is None:
            return features, features.new_zeros(features.shape[0], 2 * N_POINTS)
        points, seen = self.look(features, (fine, middle))
        return torch.cat([features, seen], 1), points

    @torch.autocast("cpu", enabled=False)
    def decide(self, features: Tensor, points: Tensor) -> Tensor:
        """Outputs of what :meth:`features` gives."""
        out = self.heads(features.float())
        points = points + out[:, _POINTS]
        if self.marks is None:
            return torch.cat([points, out[:, _POINTS.stop :]], 1)
        return torch.cat([points, out[:, _REST], self.marks(points), out[:, OUTPUT_SIZE:]], 1)
