"""A second look at the face: what the finer maps hold where the first landmarks lie.

Features of a fixed grid must learn every place that an eye may have; features read at the
landmarks come aligned by the face itself, whatever its turn and size, as in ROI networks for action
units (Li et al., EAC-Net, PAMI 2018; Shao et al., JÂA-Net, IJCV 2021) and cascaded shape
regression (Cao et al., IJCV 2014). They move each point and tell all heads what is there.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prosopon_train.data.schema import N_POINTS
from prosopon_train.model.layers import conv_bn

# Changes of landmarks are of a few hundredths of the network's unit; a step of the optimiser
# should be, too.
SMALL = 0.1


def read(values: Tensor, points: Tensor, size: tuple[int, int, int]) -> Tensor:
    """Values (n, c, s, s) at points (n, N_POINTS, 2) and the cells around each, bilinearly.

    points: in the landmarks' unit, which spans the map from -1 to 1; beyond it its border goes on.
    size: c, s and the reach r around a point. Returns (n, N_POINTS, (2r + 1)²·c).

    By one gather, as ONNX Runtime's GridSample takes ten times as long, and with sizes that are
    given rather than asked for, which would cost operators in the exported graph.
    """
    channels, side, reach = size
    at = points * (side / 2) + (side - 1) / 2
    low = at.floor()
    steps = torch.arange(-reach, reach + 2, dtype=low.dtype)
    cells = (low.unsqueeze(3) + steps).clamp(0, side - 1)  # (n, m, 2, 2r + 2): x, y
    x, y = cells.unbind(2)
    pictures = torch.arange(values.shape[0], dtype=low.dtype).view(-1, 1, 1, 1)
    rows = (pictures * side + y.unsqueeze(3)) * side + x.unsqueeze(2)
    table = values.permute(0, 2, 3, 1).reshape(-1, channels)
    count = 2 * reach + 2
    found = table[rows.long().view(-1)].view(-1, N_POINTS, count, count, channels)
    x, y = (at - low).view(-1, N_POINTS, 2, 1, 1, 1).unbind(2)
    found = found[:, :, :-1] + (found[:, :, 1:] - found[:, :, :-1]) * y
    found = found[:, :, :, :-1] + (found[:, :, :, 1:] - found[:, :, :, :-1]) * x
    return found.reshape(-1, N_POINTS, (count - 1) ** 2 * channels)


class Look(nn.Module):
    """Features of the whole crop and maps in; landmarks and features of them out.

    inputs: features of the crop, which tell where to look; maps: (channels, side in cells, reach
    in cells) of every map that is read there; width: of what is known about one landmark, the same
    function at all of them; local: of that, what is kept of each one and goes into the ``outputs``
    features of all.

    In float32 under autocast, too: bfloat16 would round landmarks to a tenth of a pixel.
    """

    def __init__(
        self,
        inputs: int,
        maps: tuple[tuple[int, int, int], ...],
        outputs: int,
        width: int = 64,
        local: int = 16,
    ) -> None:
        super().__init__()
        self.maps = maps
        self.first = nn.Linear(inputs, 2 * N_POINTS)
        read_channels = sum(channels * (2 * reach + 1) ** 2 for channels, _, reach in maps)
        self.shared = conv_bn(read_channels, width, kernel=1)
        self.to_move = nn.Parameter(torch.zeros(N_POINTS, width, 2))
        self.to_local = nn.Parameter(torch.randn(N_POINTS, width, local) / width**0.5)
        self.local_bias = nn.Parameter(torch.zeros(N_POINTS, 1, local))
        self.locals = N_POINTS * local
        self.join = nn.Linear(self.locals, outputs)
        self.norm = nn.BatchNorm1d(outputs)

    @torch.autocast("cpu", enabled=False)
    def forward(
        self, features: Tensor, maps: tuple[Tensor, ...]
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(n, inputs) and maps → first landmarks, moved ones (n, 2·N_POINTS), features, local ones.

        Features (n, outputs) are of all landmarks, local ones (n, N_POINTS·local) each of one.
        """
        first = self.first(features.float())
        places = first.detach().view(-1, N_POINTS, 2)
        seen = [
            read(values.float(), places, size) for values, size in zip(maps, self.maps, strict=True)
        ]
        each = self._know(torch.cat(seen, 2)).reshape(-1, N_POINTS * self.to_move.shape[1], 1)
        # A convolution in groups, one a landmark: unlike a product of matrices, ONNX Runtime
        # computes it to the same bit however many faces are measured together.
        local = torch.relu(
            F.conv1d(each, _rows(self.to_local), self.local_bias.reshape(-1), groups=N_POINTS)
        ).flatten(1)
        move = F.conv1d(each, SMALL * _rows(self.to_move), groups=N_POINTS).flatten(1)
        joined = torch.relu(self.norm(self.join(local)))
        return first, first + move, joined, local

    def _know(self, seen: Tensor) -> Tensor:
        """(n, N_POINTS, c) → (n, N_POINTS, width), the same function of each landmark."""
        if self.training:
            return self.shared(seen.transpose(1, 2).unsqueeze(3)).flatten(2).transpose(1, 2)
        # The same as one product: ONNX Runtime would reorder what goes in and out of a convolution.
        norm = cast("nn.BatchNorm2d", self.shared[1])
        scale = norm.weight / (norm.get_buffer("running_var") + norm.eps).sqrt()
        bias = norm.bias - norm.get_buffer("running_mean") * scale
        weight = self.shared.get_parameter("0.weight").view(norm.num_features, -1).t()
        return torch.relu(seen @ (weight * scale) + bias)


def _rows(weight: Tensor) -> Tensor:
    """(groups, inputs, outputs) → the weight of a convolution in groups."""
    return weight.transpose(1, 2).reshape(-1, weight.shape[1], 1)
