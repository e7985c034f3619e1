"""The moving average of a network's weights, which is what is kept of a run."""

from __future__ import annotations

import torch
from torch import nn


@torch.no_grad()
def follow(average: nn.Module, model: nn.Module, keep: float) -> None:
    """Move ``average`` toward ``model``: weights and statistics keep a share, counters follow."""
    pairs = zip(average.state_dict().values(), model.state_dict().values(), strict=True)
    for mine, its in pairs:
        if mine.is_floating_point():
            mine.lerp_(its, 1 - keep)
        else:
            mine.copy_(its)


def early(keep: float, step: int) -> float:
    """The share to keep after ``step``, 0 the first: less at first, so that the start is forgotten.

    keep: the share in the long run.
    """
    return min(keep, (1 + step) / (10 + step))
