"""Batches drawn from several sources at fixed shares, augmented in the background."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from prosopon.types import AnyArray
from prosopon_train.config import Source
from prosopon_train.data.augment import (
    LABELS,
    Example,
    augment,
    center_crop,
    network_points,
    standardise,
)
from prosopon_train.data.schema import read_shards
from prosopon_train.teachers.convention import Convention


class Pool:
    """All examples of one folder, held in memory."""

    def __init__(self, folder: Path) -> None:
        self.arrays = read_shards(sorted(folder.glob("*.npz")))
        self._upto = np.arange(1, len(self) + 1) / len(self)

    def prefer_rare(self, power: float) -> None:
        """Draw examples by the inverse share of what is voted for, to this power."""
        votes = np.nan_to_num(self.arrays["emotion"])
        shares = votes.sum(0) / votes.sum()
        weights = votes @ np.maximum(shares, 1e-3) ** -power
        self._upto = np.cumsum(weights) / weights.sum()

    def smooth_votes(self, share: float) -> None:
        """Mix ``share`` of the mean votes for a picture's majority into the votes for it."""
        votes = self.arrays["emotion"]
        majority = np.nan_to_num(votes).argmax(1)
        for emotion in np.unique(majority):
            rows = (majority == emotion) & ~np.isnan(votes[:, 0])
            if rows.any():
                votes[rows] = (1 - share) * votes[rows] + share * votes[rows].mean(0)

    def draw(self, rng: np.random.Generator) -> Example:
        """A random example."""
        return self.example(min(int(np.searchsorted(self._upto, rng.random())), len(self) - 1))

    def __len__(self) -> int:
        return len(self.arrays["image"])

    def example(self, index: int) -> Example:
        return {name: self.arrays[name][index] for name in ("image", *LABELS)}


def _pool(root: Path, source: Source) -> Pool:
    pool = Pool(root / source.folder)
    if source.convention is not None:
        convention = Convention.load(root / source.convention)
        points, rotation = pool.arrays["points"], pool.arrays["rotation"]
        pool.arrays["points"] = convention.apply(points, rotation)
    if source.rarity:
        pool.prefer_rare(source.rarity)
    for name in source.without:
        pool.arrays[name][:] = np.nan
    if source.smoothing:
        pool.smooth_votes(source.smoothing)
    return pool


def collate(views: Sequence[Example]) -> tuple[Tensor, dict[str, Tensor]]:
    """Views as network input (n, 1, s, s) and labels, points in the network's unit."""
    images = np.stack([standardise(view["image"]) for view in views])[:, None]
    labels = {
        name: torch.from_numpy(np.stack([np.asarray(v[name], np.float32) for v in views]))
        for name in LABELS
    }
    labels["points"] = torch.from_numpy(network_points(labels["points"].numpy()))
    inputs = torch.from_numpy(images).contiguous(memory_format=torch.channels_last)
    return inputs, labels


def batches(
    root: Path,
    sources: Sequence[Source],
    size: int,
    seed: int,
    start: int = 0,
    process: int = 0,
    processes: int = 1,
) -> Iterator[tuple[Tensor, dict[str, Tensor]]]:
    """Endless augmented batches. Step ``start`` onward is the same whatever came before it.

    process of processes: each has batches of its own.
    """
    pools = [_pool(root, source) for source in sources]
    shares = np.array([source.share for source in sources])
    shares = shares / shares.sum()
    leads = np.array([source.points for source in sources], dtype=np.float32)

    def make(step: int) -> tuple[Tensor, dict[str, Tensor]]:
        rng = np.random.default_rng((seed, step * processes + process))
        views = []
        chosen = rng.choice(len(pools), size, p=shares)
        for pool in (pools[i] for i in chosen):
            views.append(augment(pool.draw(rng), rng))
        inputs, labels = collate(views)
        labels["points_weight"] = torch.from_numpy(leads[chosen])
        return inputs, labels

    with ThreadPoolExecutor(1) as executor:
        ahead = [executor.submit(make, start + i) for i in range(4)]
        step = start + len(ahead)
        while True:
            yield ahead.pop(0).result()
            ahead.append(executor.submit(make, step))
            step += 1


def plain_batches(
    folder: Path, size: int = 256
) -> Iterator[tuple[Tensor, dict[str, Tensor], dict[str, AnyArray]]]:
    """Every example of a folder once, unaugmented, with its raw arrays, for validation."""
    pool = Pool(folder)
    for begin in range(0, len(pool), size):
        views = [center_crop(pool.example(i)) for i in range(begin, min(begin + size, len(pool)))]
        raw = {k: v[begin : begin + size] for k, v in pool.arrays.items() if k != "image"}
        yield (*collate(views), raw)
