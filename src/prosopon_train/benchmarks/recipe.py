"""What a training run on the benchmarks is made of: a config file defines ``RECIPE``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from prosopon_train.benchmarks.examples import Labels, Picture

Terms = Callable[[Tensor, Labels], dict[str, Tensor]]


@dataclass(frozen=True)
class Stage:
    """epochs over all examples; frozen: prefixes of the parameters that keep their values."""

    epochs: int
    frozen: tuple[str, ...] = ()
    learning_rate: float = 1e-3


@dataclass(frozen=True)
class Recipe:
    """One run.

    train, test: ``DATASET:SPLIT``, read from the folder of the dataset's name below the data root;
    picture: how a sample becomes input; network, terms: makers of the network and, from all labels
    of the training set, of its losses; weights: of each loss; learned: Σ wL/(2p²) + log(1 + p²)
    with a p of each, in place of Σ wL; columns: where outputs lie, see ``tasks.scores``.
    """

    train: tuple[str, ...]
    test: tuple[str, ...]
    picture: Picture
    network: Callable[[], nn.Module]
    terms: Callable[[Labels], nn.Module]
    weights: Mapping[str, float]
    columns: Mapping[str, Sequence[int]]
    stages: tuple[Stage, ...]
    batch: int = 16
    weight_decay: float = 5e-4
    learned: bool = True
    seed: int = 0
