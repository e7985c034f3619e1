"""Relations between action units, as a small graph over their features.

After ME-GraphAU (Luo et al., IJCAI 2022) and OpenFace 3.0's head: one node a unit, each sees the
few others that a learned adjacency ranks first for it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from prosopon_train.data.schema import AU_NAMES

UNITS = len(AU_NAMES)


class UnitGraph(nn.Module):
    """(n, features) → (n, 21) and (n, 21): what to add to intensity and presence of each unit."""

    def __init__(self, features: int, width: int = 12, neighbours: int = 4) -> None:
        super().__init__()
        self.neighbours = neighbours
        self.nodes = nn.Linear(features, UNITS * width)
        self.adjacency = nn.Parameter(0.1 * torch.randn(UNITS, UNITS))
        self.own = nn.Linear(width, width)
        self.others = nn.Linear(width, width, bias=False)
        self.readout = nn.Parameter(torch.zeros(UNITS, width, 2))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        nodes = torch.relu(self.nodes(features)).unflatten(1, (UNITS, -1))
        least = self.adjacency.topk(self.neighbours, dim=1).values[:, -1:]
        shares = self.adjacency.masked_fill(self.adjacency < least, -torch.inf).softmax(1)
        mixed = torch.relu(nodes + self.own(nodes) + self.others(shares.to(nodes.dtype) @ nodes))
        out = torch.einsum("nuw,uwk->nuk", mixed, self.readout.to(mixed.dtype))
        return out[..., 0], out[..., 1]
