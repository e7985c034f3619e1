"""The landmark network of ``Landmark_98.pkl`` and ``Landmark_68.pkl``: four stacked hourglasses.

Zhou et al., "STAR Loss: Reducing Semantic Ambiguity in Facial Landmark Detection", CVPR 2023, on
the anisotropic-attention network of Huang et al., "ADNet", ICCV 2021; coordinate channels from
Wang, Bo & Fuxin, "Adaptive Wing Loss", ICCV 2019; residual modules from Newell, Yang & Deng,
"Stacked Hourglass Networks", ECCV 2016.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

INPUT_SIZE = 256
STACKS = 4
LEVELS = 4
CHANNELS = 256
# A pixel lies on the face's contour where the last heat map exceeds this.
BOUNDARY = 0.05


class _Convolution(nn.Module):
    def __init__(
        self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, active: bool = False
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
        self.bn = nn.BatchNorm2d(outputs) if active else None

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return x if self.bn is None else torch.relu(self.bn(x))


class _Residual(nn.Module):
    """Pre-activated bottleneck. ``skip_layer`` is in every file and used where widths differ."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        middle = outputs // 2
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = _Convolution(inputs, middle)
        self.bn2 = nn.BatchNorm2d(middle)
        self.conv2 = _Convolution(middle, middle, 3)
        self.bn3 = nn.BatchNorm2d(middle)
        self.conv3 = _Convolution(middle, outputs)
        self.skip_layer = _Convolution(inputs, outputs)
        self._skips = inputs != outputs

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(torch.relu(self.bn1(x)))
        y = self.conv2(torch.relu(self.bn2(y)))
        y = self.conv3(torch.relu(self.bn3(y)))
        return y + (self.skip_layer(x) if self._skips else x)


class _Coordinates(nn.Module):
    """Convolution that also sees where each pixel is.

    Row, column and distance from the centre come as three more channels, the first two in [-1, 1].
    With ``boundary`` (a map in the last channel of ``heatmaps``) row and column come once more,
    only where that map is.
    """

    grid: Tensor

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int,
        kernel: int = 1,
        stride: int = 1,
        active: bool = False,
        boundary: bool = False,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs + (5 if boundary else 3), outputs, kernel, stride, kernel // 2)
        self.bn = nn.BatchNorm2d(outputs) if active else None
        line = torch.arange(size) / (size - 1) * 2 - 1
        rows, columns = torch.meshgrid(line, line, indexing="ij")
        radius = torch.sqrt(rows**2 + columns**2)
        grid = torch.stack([rows, columns, radius / radius.max()])[None]
        # Not part of the published files.
        self.register_buffer("grid", grid, persistent=False)

    def forward(self, x: Tensor, heatmaps: Tensor | None = None) -> Tensor:
        parts = [x, self.grid.expand(x.shape[0], -1, -1, -1)]
        if heatmaps is not None:
            inside = (heatmaps[:, -1:].clamp(0, 1) > BOUNDARY).to(x.dtype)
            parts.append(self.grid[:, :2] * inside)
        x = self.conv(torch.cat(parts, dim=1))
        return x if self.bn is None else torch.relu(self.bn(x))


class _Hourglass(nn.Module):
    """Two paths: at this resolution, and through ``levels`` coarser ones."""

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.up1 = _Residual(CHANNELS, CHANNELS)
        self.low1 = _Residual(CHANNELS, CHANNELS)
        self.low2: nn.Module = (
            _Hourglass(levels - 1) if levels > 1 else _Residual(CHANNELS, CHANNELS)
        )
        self.low3 = _Residual(CHANNELS, CHANNELS)

    def forward(self, x: Tensor) -> Tensor:
        low = self.low3(self.low2(self.low1(F.max_pool2d(x, 2))))
        return self.up1(x) + F.interpolate(low, scale_factor=2.0)


class _Stack(_Hourglass):
    """The outermost hourglass, which is told the coordinates."""

    def __init__(self, first: bool) -> None:
        super().__init__(LEVELS)
        self.coordconv = _Coordinates(CHANNELS, CHANNELS, INPUT_SIZE // 4, boundary=not first)

    def forward(self, x: Tensor, heatmaps: Tensor | None = None) -> Tensor:
        return super().forward(self.coordconv(x, heatmaps))


class _EdgesToPoints(nn.Module):
    """Which edges each point lies on, as a fixed 1×1 convolution."""

    weight: Tensor
    bias: Tensor

    def __init__(self, points: int, edges: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(points, edges, 1, 1))
        self.register_buffer("bias", torch.zeros(points))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight, self.bias)


class LandmarkNetwork(nn.Module):
    """Faces (n, 3, 256, 256) in [-1, 1] → points (n, points, 2): x, y in [-1, 1].

    -1 and 1 are the centres of the first and last cell of a 64 × 64 heat map.
    """

    line: Tensor

    def __init__(self, points: int = 98, edges: int = 9) -> None:
        super().__init__()
        self.pre = nn.Sequential(
            _Coordinates(3, 64, INPUT_SIZE, kernel=7, stride=2, active=True),
            _Residual(64, 128),
            nn.MaxPool2d(2),
            _Residual(128, 128),
            _Residual(128, CHANNELS),
        )

        def each(count: int, inputs: int, outputs: int) -> nn.ModuleList:
            return nn.ModuleList(_Convolution(inputs, outputs) for _ in range(count))

        self.hgs = nn.ModuleList(_Stack(first=i == 0) for i in range(STACKS))
        self.features = nn.ModuleList(
            nn.Sequential(
                _Residual(CHANNELS, CHANNELS), _Convolution(CHANNELS, CHANNELS, active=True)
            )
            for _ in range(STACKS)
        )
        self.out_heatmaps = each(STACKS, CHANNELS, points)
        self.out_edgemaps = each(STACKS, CHANNELS, edges)
        self.out_pointmaps = each(STACKS, CHANNELS, points)
        self.e2h_transform = _EdgesToPoints(points, edges)
        self.merge_features = each(STACKS - 1, CHANNELS, CHANNELS)
        self.merge_heatmaps = each(STACKS - 1, points, CHANNELS)
        self.merge_edgemaps = each(STACKS - 1, edges, CHANNELS)
        self.merge_pointmaps = each(STACKS - 1, points, CHANNELS)
        self.register_buffer(
            "line",
            torch.arange(INPUT_SIZE // 4) / (INPUT_SIZE // 4 - 1) * 2 - 1,
            persistent=False,
        )

    def forward(self, faces: Tensor) -> Tensor:
        x = self.pre(faces)
        heatmaps: Tensor | None = None
        for i in range(STACKS):
            feature = self.features[i](self.hgs[i](x, heatmaps))
            heatmaps = torch.relu(F.instance_norm(self.out_heatmaps[i](feature)))
            edges = torch.sigmoid(self.out_edgemaps[i](feature))
            points = torch.sigmoid(self.out_pointmaps[i](feature))
            if i < STACKS - 1:
                x = x + self.merge_features[i](feature) + self.merge_heatmaps[i](heatmaps)
                x = x + self.merge_pointmaps[i](points) + self.merge_edgemaps[i](edges)
        return self._expectation(self.e2h_transform(edges) * points * heatmaps)

    def _expectation(self, maps: Tensor) -> Tensor:
        """Mean place of each map (n, points, 64, 64), taken as a density."""
        total = maps.sum((2, 3)).clamp(min=1e-6)
        x = (maps.sum(2) * self.line).sum(2) / total
        y = (maps.sum(3) * self.line).sum(2) / total
        return torch.stack([x, y], dim=2)
