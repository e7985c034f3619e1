"""What a training run is made of. A config is a Python file that defines ``CONFIG``."""

from __future__ import annotations

import runpy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from prosopon_train.losses import Weights

if TYPE_CHECKING:
    from prosopon_train.benchmarks.recipe import Recipe


@dataclass(frozen=True)
class Source:
    """Shards of one folder below the data root, and their share of every batch.

    points: weight of this source's landmarks. convention: file below the data root that moves a
    rig's landmarks to where the teacher would put them, see ``teachers.convention``.

    rarity: 0 draws examples evenly; above it, those with votes for rare emotions more often, by
    the inverse share of the emotion among all votes to this power.

    smoothing: by how much the votes for a picture are drawn to the mean votes for all pictures with
    its majority, as ten raters tell a distribution only roughly; 0 leaves them as they are.

    without: labels (of ``data.schema.FIELDS``) that are not learned from this source.
    """

    folder: str
    share: float
    points: float = 1.0
    convention: str | None = None
    rarity: float = 0.0
    smoothing: float = 0.0
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Config:
    """One run: data, model, losses, schedule."""

    sources: tuple[Source, ...]
    images: int  # examples to see in all; the learning rate follows a cosine over them
    batch: int = 64
    learning_rate: float = 2e-3
    output_pace: float = 0.06  # of the layers that give outputs, beside the others
    weight_decay: float = 0.02
    warmup: int = 20_000  # examples
    settle: int = 0  # examples at the end, see ``loop``
    wake: bool = False  # dead channels of the network that is trained on, see ``wake``
    ema: float = 0.999  # of the weights, per step; the average is what is exported
    seed: int = 0
    model: dict[str, object] = field(default_factory=dict)
    weights: Weights = field(default_factory=Weights)
    learned_weights: bool = False  # factors on top of ``weights``, see ``losses.TaskWeights``


def load_recipe(path: Path) -> Recipe | None:
    """The RECIPE of a config file, for training on benchmarks; None where it defines none."""
    from prosopon_train.benchmarks.recipe import Recipe

    recipe = runpy.run_path(str(path)).get("RECIPE")
    return recipe if isinstance(recipe, Recipe) else None


def load_config(path: Path) -> Config:
    """The CONFIG of a config file."""
    config = runpy.run_path(str(path)).get("CONFIG")
    if not isinstance(config, Config):
        raise ValueError(f"{path}: defines no CONFIG of type prosopon_train.config.Config")
    return config
